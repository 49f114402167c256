import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {run} from './exec.ts';

export type Run = (
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<void>;

const GRACE_MS = 5_000;

/**
 * Runs a program that may touch a hanging volume. A child in uninterruptible sleep outlives SIGKILL, so the wait for its
 * end is bounded too: `child.timeout` then, and the child is left to the kernel.
 */
export const runBounded: Run = async (program, args, timeoutMs, signal) => {
  const over = new AbortController();
  const limit = sleep(timeoutMs + GRACE_MS, undefined, {signal: over.signal}).then(() => {
    throw new ReasonError(reason('child.timeout', {command: program, seconds: timeoutMs / 1000}));
  });
  limit.catch(() => {});
  try {
    await Promise.race([run(program, args, {timeoutMs}, signal), limit]);
  } finally {
    over.abort();
  }
};
