import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {run} from '../process/process.ts';

export type Run = (
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<void>;

const GRACE_MS = 5_000;

/**
 * Runs a program that may touch a hanging volume. A child in uninterruptible sleep outlives SIGKILL, so the wait for its
 * end is bounded too: `child.timeout` then, and the child is left to the kernel. Throws `child.failed` with its first words.
 */
export const runBounded: Run = async (program, args, timeoutMs, signal) => {
  const over = new AbortController();
  const limit = sleep(timeoutMs + GRACE_MS, undefined, {signal: over.signal}).then(() => {
    throw new ReasonError(reason('child.timeout', {command: program, seconds: timeoutMs / 1000}));
  });
  limit.catch(() => {});
  try {
    const {exitCode, stderr} = await Promise.race([
      run(program, args, {timeoutMs, accept: 'any'}, signal),
      limit,
    ]);
    if (exitCode !== 0) throw failed(program, exitCode, stderr);
  } finally {
    over.abort();
  }
};

/** mount(8) and systemctl(1) say what is wrong first; their last line only points at a log. */
const failed = (command: string, exitCode: number, stderr: string): ReasonError => {
  const [words = ''] = stderr.trim().split('\n');
  return new ReasonError(
    reason('child.failed', {command, cause: `exit status ${exitCode}${words && `: ${words}`}`}),
  );
};
