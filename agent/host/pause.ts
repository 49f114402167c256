import {setTimeout as sleep} from 'node:timers/promises';

/** Waits `ms`, shorter when the signal is aborted; never throws. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, {signal}).catch(() => {});
};

/** A random duration between `part` of `ms` and all of it, so that many hosts do not act in step. */
export const jittered = (ms: number, part = 0.5): number => ms * (part + (1 - part) * Math.random());

/** The wait before attempt `failures + 1`: doubles from `firstMs` up to `maxMs`, jittered. */
export const backoffMs = (
  failures: number,
  {firstMs, maxMs}: {readonly firstMs: number; readonly maxMs: number},
): number => jittered(Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30)));
