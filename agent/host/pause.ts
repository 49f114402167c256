import {setTimeout as sleep} from 'node:timers/promises';
import {backoffMs} from '../core/backoff.ts';

/** Waits `ms`, shorter when the signal is aborted; never throws. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, {signal}).catch(() => {});
};

/** A random duration between `part` of `ms` and all of it, so that many hosts do not act in step. */
export const jittered = (ms: number, part = 0.5, random: () => number = Math.random): number =>
  ms * (part + (1 - part) * random());

/** The pure back-off with a die that is cast here. */
export const backoff = (options: Omit<Parameters<typeof backoffMs>[0], 'random'>): number =>
  backoffMs({...options, random: Math.random()});
