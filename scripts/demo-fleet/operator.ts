import {spawn} from 'node:child_process';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {run} from '../../agent/host/process/process.ts';
import {APP, CHANNEL, fileUrl} from './configuration.ts';

export interface Operator {
  /** Runs a verb that changes or shows something, and gives what it prints. Throws when it is refused. */
  agentctl(args: readonly string[], signal: AbortSignal): Promise<string>;
  /** Watches the fleet until it stands still, a line at a time. Gives the exit code. */
  watch(see: (line: string) => void, signal: AbortSignal): Promise<number | null>;
}

/** The command line tool that operators use. */
export const AGENTCTL = fileURLToPath(new URL('../../agent/agentctl.ts', import.meta.url));

/** `fleet` says so of a fleet whose last rollout failed. */
const UNSETTLED = 4;
const TIMEOUT_MS = 20_000;
const WATCH = ['watch', '--until', 'steady', '--timeout', '2m'];
/** The time at which a line of `agentctl watch` begins; the demo has its own. */
const TIME = /^\d\d:\d\d:\d\d /;

/** What says which fleet is meant, wherever agentctl is run. */
export const environmentFor = (store: string): Readonly<Record<string, string>> => ({
  RELEASE_AGENT_STORE: fileUrl(store),
  RELEASE_AGENT_APP: APP,
  RELEASE_AGENT_CHANNEL: CHANNEL,
});

/** Whoever runs the fleet: on any machine that reaches the store, no host among them. */
export const createOperator = (store: string): Operator => {
  const env = {...environmentFor(store), USER: 'operator'};
  return {
    agentctl: async (args, signal) =>
      (
        await run(
          process.execPath,
          [AGENTCTL, ...args],
          {timeoutMs: TIMEOUT_MS, env, accept: [UNSETTLED]},
          signal,
        )
      ).stdout,
    watch: (see, signal) =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, [AGENTCTL, ...WATCH], {
          stdio: ['ignore', 'pipe', 'inherit'],
          detached: true, // Ctrl-C goes to the demo alone
          env: {PATH: process.env.PATH, LANG: 'C.UTF-8', ...env},
        });
        const stop = (): void => void child.kill('SIGKILL');
        signal.addEventListener('abort', stop, {once: true});
        createInterface({input: child.stdout}).on('line', line => see(line.replace(TIME, '')));
        child.on('error', reject);
        child.on('close', code => {
          signal.removeEventListener('abort', stop);
          resolve(code);
        });
      }),
  };
};
