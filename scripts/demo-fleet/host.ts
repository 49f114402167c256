import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {appendFileSync, mkdirSync, writeFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {stopProcess} from '../../agent/activate/process.ts';
import {configuration, type HostPlaces} from './configuration.ts';
import {readLogLine, type Said} from './log-line.ts';

export interface Host extends HostPlaces {
  /** the control socket */
  readonly socket: string;
  readonly logFile: string;
  start(): void;
  /** Why the agent runs no more although nobody ended it, or null. */
  problem(): string | null;
  logTail(): Promise<string>;
  /** Ends the agent, then the application that it started. Both outlive nothing. */
  end(): Promise<void>;
}

interface Parts extends HostPlaces {
  readonly say: (said: Said) => void;
}

const AGENT = fileURLToPath(new URL('../../agent/main.ts', import.meta.url));
const AGENT_GRACE_MS = 10_000;
const APPLICATION_GRACE_MS = 3_000;
const TAIL_LINES = 15;

/** One host: its folders, its configuration, and an agent as a process of its own. */
export const createHost = ({say, ...places}: Parts): Host => {
  const {name, root} = places;
  const etc = join(root, 'etc/release-agent');
  mkdirSync(etc, {recursive: true});
  writeFileSync(join(etc, 'config.toml'), configuration(places));
  const logFile = join(root, 'agent.log');
  writeFileSync(logFile, '');
  let child: ChildProcess | null = null;
  let [ending, problem]: [boolean, string | null] = [false, null];

  const hear = (line: string): void => {
    appendFileSync(logFile, `${line}\n`);
    const said = readLogLine(line);
    if (said && !ending) say(said);
  };

  return {
    ...places,
    socket: join(root, 'run/control.sock'),
    logFile,
    start: () => {
      child = launch(root);
      if (child.stderr) createInterface({input: child.stderr}).on('line', hear);
      child.on('error', error => (problem ??= `the agent of ${name} does not start: ${error.message}`));
      child.on('exit', (status, signal) => {
        if (!ending) problem ??= `the agent of ${name} ended with ${signal ?? `exit status ${status}`}`;
      });
    },
    problem: () => problem,
    logTail: async () =>
      (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-TAIL_LINES).join('\n'),
    end: async () => {
      ending = true;
      if (child) await endChild(child);
      await stopProcess({stateDir: join(root, 'state'), graceMs: APPLICATION_GRACE_MS});
    },
  };
};

// In a session of its own: Ctrl-C goes to the demo alone, which ends its agents in order.
const launch = (root: string): ChildProcess =>
  spawn(process.execPath, [AGENT], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {PATH: process.env.PATH, LANG: 'C.UTF-8', RELEASE_AGENT_ROOT: root},
  });

const endChild = async (child: ChildProcess): Promise<void> => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = new AbortController();
  const late = sleep(AGENT_GRACE_MS, 'late', {signal: patience.signal}).catch(() => null);
  if ((await Promise.race([gone, late])) === 'late') child.kill('SIGKILL');
  await gone;
  patience.abort();
};
