import type {Reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {type Clock, systemClock} from './clock.ts';

interface TimeLimit {
  readonly timeoutMs: number;
  /** what is thrown when the time was over, given what the work threw then; else that itself */
  readonly late?: (error: unknown) => Error;
  readonly clock?: Pick<Clock, 'after'>;
}

/**
 * Runs work under a signal that also ends after `timeoutMs`, with a `TimeoutError`. The caller's own abort is passed on as it is.
 * Nothing is left of the limit once the work has ended: an `AbortSignal.timeout` stays until its time is over, and costs again then.
 */
export const withTimeLimit = async <T>(
  {timeoutMs, late, clock = systemClock}: TimeLimit,
  work: (signal: AbortSignal) => T | Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  signal.throwIfAborted();
  const limit = new AbortController();
  const stop = (): void => limit.abort(signal.reason);
  const cancel = clock.after(timeoutMs, () =>
    limit.abort(new DOMException('the time is over', 'TimeoutError')),
  );
  signal.addEventListener('abort', stop, {once: true});
  try {
    return await work(limit.signal);
  } catch (error) {
    signal.throwIfAborted();
    throw late && limit.signal.aborted ? late(error) : error;
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
};

/** For `late`: a reason that the work gave stands, anything else becomes this one. */
export const unlessReason =
  (why: Reason) =>
  (error: unknown): Error =>
    error instanceof ReasonError ? error : new ReasonError(why, {cause: error});
