import type {Reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import type {ReportBlocker} from '../ports.ts';

/** For adapters that nobody listens to. */
export const ignoreBlockers: ReportBlocker = () => undefined;

interface Waiting {
  /** who waits */
  readonly user: string;
  readonly reportBlocker: ReportBlocker;
  /** what to tell once it has taken so many seconds; null for nothing (yet) */
  readonly cause: (seconds: number) => Reason | null;
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;

/**
 * Runs work that may take long, tells every `everyMs` (10 s) what it waits for, and takes that back when it ends. Work that is
 * ended by a caller's deadline fails with what it waited for.
 */
export const tellWhileWaiting = async <T>(
  {user, reportBlocker, cause, everyMs = EVERY_MS}: Waiting,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  const began = performance.now();
  const now = (): Reason | null => cause(Math.round((performance.now() - began) / 1_000));
  const tell = (): void => reportBlocker(user, now());
  const timer = setInterval(tell, everyMs);
  try {
    return await work();
  } catch (error) {
    const why = isLate(signal) ? now() : null;
    throw why && !(error instanceof ReasonError) ? new ReasonError(why, {cause: error}) : error;
  } finally {
    clearInterval(timer);
    reportBlocker(user, null);
  }
};

/** True when a deadline ended it (AbortSignal.timeout), not somebody who wants no result any more. */
export const isLate = ({aborted, reason}: AbortSignal): boolean =>
  aborted && reason instanceof Error && reason.name === 'TimeoutError';
