import {type ChildProcess, spawn} from 'node:child_process';
import {closeSync, openSync, readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';

export type ProcessId = {readonly pid: number; readonly startTime: string};
export type RunningProcess = ProcessId & {readonly child: ChildProcess; readonly log: string};

type StartOptions = {
  argv: readonly string[];
  log: string;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
};

/** Starts a long-living process with its output in the file `log`; it is killed when the process that started it dies. */
export const startProcess = ({argv, log, env = {}, cwd}: StartOptions): RunningProcess => {
  const output = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    stdio: ['ignore', output, output],
    env: {...process.env, ...env},
    ...(cwd ? {cwd} : {}),
  });
  closeSync(output);
  child.on('error', () => {});
  if (child.pid === undefined) throw new Error(`could not start \`${argv.join(' ')}\``);
  return {pid: child.pid, startTime: startTimeOf(child.pid) ?? '', child, log};
};

/** When a process started, in clock ticks since boot (proc(5), stat field 22): with the pid it names one process for good. */
export const startTimeOf = (pid: number): string | undefined => {
  const stat = readProc(pid, 'stat');
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields && fields[0] !== 'Z' ? fields[19] : undefined;
};

export const isRunning = ({pid, startTime}: ProcessId): boolean => startTimeOf(pid) === startTime;

/** Sends `signal` to exactly this process; false when it no longer lives. */
export const signalProcess = (id: ProcessId, signal: NodeJS.Signals): boolean =>
  isRunning(id) && process.kill(id.pid, signal);

/** SIGTERM, and SIGKILL after `graceMs`; resolves when the process is gone. */
export const endProcess = async (id: ProcessId, graceMs = 3_000): Promise<void> => {
  if (!signalProcess(id, 'SIGTERM')) return;
  if (await gone(id, graceMs)) return;
  signalProcess(id, 'SIGKILL');
  if (!(await gone(id, 5_000))) throw new Error(`process ${id.pid} outlived SIGKILL for 5 s`);
};

export const gone = async (id: ProcessId, timeoutMs: number): Promise<boolean> => {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(id)) {
    if (Date.now() > deadline) return false;
    await sleep(10);
  }
  return true;
};

/** The pids of a process's children. */
export const childrenOf = (pid: number): number[] =>
  (readProc(pid, `task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number);

const readProc = (pid: number, file: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
};
