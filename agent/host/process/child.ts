/** One child process, its output gathered. On node:child_process alone: a package for it cost 8 MB of memory and 20 ms of each start. */
import {type ChildProcess, spawn} from 'node:child_process';
import process from 'node:process';
import type {Readable} from 'node:stream';

export interface ChildOptions {
  /** the whole of its environment */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  /** an open descriptor of ours that is its standard input */
  readonly inputFd?: number;
  /** bytes kept per stream; a program that writes more is ended */
  readonly maxOutput: number;
  /** the leader of a process group of its own, ended by whoever started it; else it is ended past `timeoutMs` or at the signal */
  readonly group: boolean;
  readonly timeoutMs: number;
  /** from SIGTERM to SIGKILL */
  readonly killDelayMs: number;
}

export interface ChildResult {
  /** neither this nor a signal: it could not be started, or wrote too much */
  readonly exitCode?: number;
  readonly signal?: string;
  /** why it has no exit code: `ENOENT`, or a text */
  readonly code?: string;
  /** as text, without the last line's end */
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface Child {
  readonly pid: number | undefined;
  /** Never rejects. Resolves when the program has ended and nobody holds its output open any more. */
  readonly result: Promise<ChildResult>;
}

const live = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of live) child.kill('SIGTERM');
});

/** Starts a program, never through a shell. */
export const startChild = (
  program: string,
  args: readonly string[],
  options: ChildOptions,
  signal: AbortSignal,
): Child => {
  const {env, cwd, input, inputFd, group} = options;
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      env: {...env},
      detached: group,
      stdio: [input === undefined ? (inputFd ?? 'ignore') : 'pipe', 'pipe', 'pipe'],
      ...(cwd !== undefined && {cwd}),
    });
  } catch (error) {
    return {pid: undefined, result: Promise.resolve({...failedStart(error), ...NOTHING})};
  }
  // A program that does not read its input to the end is no failure.
  child.stdin?.on('error', () => undefined).end(input);
  return {pid: child.pid, result: resultOf(child, options, signal)};
};

const NOTHING = {stdout: '', stderr: '', timedOut: false} as const;

const resultOf = async (
  child: ChildProcess,
  options: ChildOptions,
  signal: AbortSignal,
): Promise<ChildResult> => {
  const {maxOutput, group} = options;
  const {promise, resolve} = Promise.withResolvers<Pick<ChildResult, 'exitCode' | 'signal' | 'code'>>();
  let tooMuch = false;
  const overflow = (): void => {
    tooMuch = true;
    // whoever still writes, a grandchild too, ends by that
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    child.kill('SIGTERM');
  };
  const stdout = gather(child.stdout, maxOutput, overflow);
  const stderr = gather(child.stderr, maxOutput, overflow);
  child.once('error', error => child.pid === undefined && resolve(failedStart(error)));
  child.once('close', (exitCode, name) =>
    resolve(exitCode === null ? {signal: name ?? 'unknown'} : {exitCode}),
  );
  const limits = group ? null : limit(child, options, signal);
  live.add(child);
  const ended = await promise;
  live.delete(child);
  const timedOut = limits?.over() ?? false;
  const how = tooMuch ? {code: `more than ${maxOutput} bytes of output`} : ended;
  return {...how, stdout: stdout(), stderr: stderr(), timedOut};
};

/** Ends the child past its deadline or at the signal; `over` tells whether it was the deadline. */
const limit = (child: ChildProcess, {timeoutMs, killDelayMs}: ChildOptions, signal: AbortSignal) => {
  let timedOut = false;
  let killing: NodeJS.Timeout | undefined;
  const end = (): void => {
    child.kill('SIGTERM');
    killing ??= setTimeout(() => child.kill('SIGKILL'), killDelayMs);
  };
  const deadline = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  signal.addEventListener('abort', end, {once: true});
  return {
    over: (): boolean => {
      clearTimeout(deadline);
      clearTimeout(killing);
      signal.removeEventListener('abort', end);
      return timedOut;
    },
  };
};

const gather = (stream: Readable | null, maxOutput: number, overflow: () => void): (() => string) => {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on('data', (chunk: Buffer) => {
    if (size <= maxOutput) chunks.push(chunk);
    size += chunk.length;
    if (size > maxOutput) overflow();
  });
  return () =>
    Buffer.concat(chunks)
      .toString('utf8', 0, maxOutput)
      .replace(/\r?\n$/, '');
};

const failedStart = (error: unknown): {readonly code: string} => {
  const {code, message} = error as NodeJS.ErrnoException;
  return {code: code ?? message};
};
