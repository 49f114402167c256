import type {Reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';

interface Deadline {
  readonly timeoutMs: number;
  /** what is thrown when the time is over */
  readonly reason: Reason;
}

/** Runs work under a signal that also ends at the deadline; the caller's own abort is passed on as it is. */
export const withDeadline = async <T>(
  {timeoutMs, reason}: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  const limit = AbortSignal.timeout(timeoutMs);
  try {
    return await work(AbortSignal.any([signal, limit]));
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted && !(error instanceof ReasonError)) throw new ReasonError(reason, {cause: error});
    throw error;
  }
};
