import {setTimeout as sleep} from 'node:timers/promises';

/** What the work gives, or `over` when `afterMs` (null: for ever) passed first; the work is aborted then. */
export const until = async <T>(
  afterMs: number | null,
  work: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T | 'over'> => {
  if (afterMs === null) return work(signal);
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  try {
    return await Promise.race([work(both), sleep(afterMs, 'over' as const, {signal: both})]);
  } finally {
    stop.abort();
  }
};
