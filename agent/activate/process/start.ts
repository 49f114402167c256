import {type ChildProcess, spawn} from 'node:child_process';
import {once} from 'node:events';
import {open, rename, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {bootId} from '../../host/boot-id.ts';
import {crypto} from '../../host/http/lazy.ts';
import {readProc} from '../proc.ts';
import {type ProcessRecord, writeRecord} from './record.ts';
import {START_VARIABLE, STATE_VARIABLE} from './running.ts';

export interface StartOptions {
  readonly stateDir: string;
  readonly slot: string;
  readonly directory: string;
  /** program and arguments */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** A process that ends sooner did not start. */
const SETTLE_MS = 300;
const LOG_LIMIT = 10 * 1_048_576;
const TAIL = 4_096;

/**
 * Starts the application in the release's folder, in a session of its own so that it outlives the agent, its output appended
 * to `<stateDir>/app.log` (set aside at a start when it is over 10 MiB). Throws `activate.failed` with the last line of
 * output when it ends at once. The record is written before and after: no crash of the agent loses the process. Neither the
 * record nor the log is worth the activation: on a disk that is full the process is found by its environment.
 */
export const startProcess = async (options: StartOptions, signal: AbortSignal): Promise<void> => {
  const {stateDir, slot} = options;
  signal.throwIfAborted();
  const record = {start: crypto().randomUUID(), slot, bootId: await bootId()};
  await tryToRecord(stateDir, {...record, process: null});
  const log = await openLog(join(stateDir, 'app.log'));
  try {
    const child = launch(options, record.start, log.fd);
    const ended = endOf(child);
    const found = child.pid === undefined ? null : await readProc(child.pid);
    if (found !== null && child.pid !== undefined) {
      await tryToRecord(stateDir, {...record, process: {pid: child.pid, startTime: found.startTime}});
    }
    const early = await Promise.race([ended, sleep(SETTLE_MS, null, {signal})]);
    if (early !== null) throw failed(`${options.command[0]} ${early}`, await log.lastLine());
  } finally {
    await log.close();
  }
};

const tryToRecord = (stateDir: string, record: ProcessRecord): Promise<void> =>
  writeRecord(stateDir, record).catch(() => undefined);

// `env` changes the folder and loads the program, so that a hung disk hangs the child and never this process.
const launch = ({stateDir, directory, command, environment}: StartOptions, start: string, output: number) => {
  const child = spawn('/usr/bin/env', ['-C', directory, '--', ...command], {
    detached: true,
    env: {...environment, [START_VARIABLE]: start, [STATE_VARIABLE]: stateDir},
    stdio: ['ignore', output, output],
  });
  child.unref();
  return child;
};

const endOf = async (child: ChildProcess): Promise<string> => {
  try {
    const [status, killedBy] = await once(child, 'exit');
    return `ended at once with ${killedBy ?? `exit status ${status}`}`;
  } catch (error) {
    return `could not be started: ${(error as Error).message}`;
  }
};

const openLog = async (path: string) => {
  const size = await stat(path).then(
    found => found.size,
    () => 0,
  );
  if (size > LOG_LIMIT) await rename(path, `${path}.1`).catch(() => undefined);
  const file = await open(path, 'a+', 0o640).catch(() => open('/dev/null', 'a+'));
  const begin = (await file.stat()).size;
  return {
    fd: file.fd,
    close: () => file.close(),
    lastLine: async (): Promise<string> => {
      const from = Math.max(begin, (await file.stat()).size - TAIL);
      const {buffer, bytesRead} = await file.read(Buffer.alloc(TAIL), 0, TAIL, from);
      const lines = buffer.toString('utf8', 0, bytesRead).replace(/[^\P{Cc}\n]/gu, ' ');
      return (lines.trim().split('\n').at(-1) ?? '').slice(0, 200);
    },
  };
};

const failed = (cause: string, line: string): ReasonError =>
  new ReasonError(reason('activate.failed', {cause: line === '' ? cause : `${cause}: ${line}`}));
