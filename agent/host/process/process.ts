import process from 'node:process';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {unlessStuck} from './abandon.ts';
import {startChild} from './child.ts';
import {watchGroup} from './group.ts';

export interface RunOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** added to the minimal environment; nothing else of the agent's own environment is passed on */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** an open descriptor that becomes its standard input; taken before `run` gives back its promise */
  readonly inputFd?: number;
  /** exit codes that are answers, not failures; 0 always is */
  readonly accept?: readonly number[] | 'any';
  /** bytes of output kept per stream; 1 MiB unless told */
  readonly maxOutput?: number;
  /** makes it the leader of a process group that is ended as a whole: for programs that start others (git: ssh) */
  readonly group?: boolean;
  /** file mode mask of the program, the agent's own unless told */
  readonly umask?: number;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where programs are looked for: the agent's own, the release's and the operator's. */
export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const KILL_DELAY_MS = 2_000;
/** How long a killed program may take to go. */
const STUCK_MS = KILL_DELAY_MS + 2_000;

/**
 * Runs a program, never through a shell, and gives its exit code and output. Throws `child.failed` (with the last line
 * of stderr) for an exit code that is not accepted or a program that cannot start, `child.timeout` past the deadline,
 * and the signal's own error when it is aborted. SIGTERM first, SIGKILL two seconds later; what does not even end by that is
 * left behind after two more.
 */
export const run = async (
  program: string,
  args: readonly string[],
  {timeoutMs, cwd, env, input, inputFd, accept = [], maxOutput = 1_048_576, group = false, umask}: RunOptions,
  signal: AbortSignal,
): Promise<RunResult> => {
  signal.throwIfAborted();
  const child = withUmask(umask, () =>
    startChild(
      program,
      args,
      {
        env: {PATH, LANG: 'C.UTF-8', ...env},
        maxOutput,
        group,
        timeoutMs,
        killDelayMs: KILL_DELAY_MS,
        ...(input !== undefined && {input}),
        ...(inputFd !== undefined && {inputFd}),
        ...(cwd !== undefined && {cwd}),
      },
      signal,
    ),
  );
  const watch = group ? watchGroup({leader: child.pid, timeoutMs, killDelayMs: KILL_DELAY_MS}, signal) : null;
  const result = await unlessStuck(child.result, {timeoutMs, graceMs: STUCK_MS}, signal);
  const timedOut = watch?.over() ?? result?.timedOut;
  signal.throwIfAborted();
  const command = commandName(program, args);
  if (result === null || timedOut) {
    throw new ReasonError(reason('child.timeout', {command, seconds: timeoutMs / 1000}));
  }
  const {exitCode, stdout, stderr} = result;
  const isAnswer = (code: number): boolean => code === 0 || accept === 'any' || accept.includes(code);
  if (exitCode !== undefined && isAnswer(exitCode)) return {exitCode, stdout, stderr};
  throw new ReasonError(reason('child.failed', {command, cause: failureText(result)}));
};

// The child gets the mask at its fork, which happens before `start` returns.
const withUmask = <T>(mask: number | undefined, start: () => T): T => {
  if (mask === undefined) return start();
  const before = process.umask(mask);
  try {
    return start();
  } finally {
    process.umask(before);
  }
};

/** A command as messages name it. Arguments may hold paths and ids but never secrets: those travel in files or the environment. */
export const commandName = (program: string, args: readonly string[]): string =>
  [program.slice(program.lastIndexOf('/') + 1), ...args.filter(arg => !arg.startsWith('-')).slice(0, 1)].join(
    ' ',
  );

interface Failed {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stderr: string;
  readonly code?: string | undefined;
}

const failureText = ({exitCode, signal, stderr, code}: Failed): string => {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const status =
    exitCode !== undefined
      ? `exit status ${exitCode}`
      : signal !== undefined
        ? signal
        : (code ?? 'could not start');
  return last === '' ? status : `${status}: ${last}`;
};
