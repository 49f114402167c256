/** Puts a key again and again, and notes how long after each put whoever watches it is told. */
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Store} from '../../../agent/ports.ts';

/** Now, ms, by a clock that all processes of the machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Whoever is told of each new value, by calling back with the moment (`monotonicMs`). */
export type Watchers = (told: (at: number) => void) => {readonly count: number; stop(): Promise<void> | void};

export interface Rounds {
  readonly store: Store;
  readonly key: string;
  readonly rounds: number;
}

const never = new AbortController().signal;
/** A watch takes ten changes at once, and then one a second. */
const PAUSE_MS = 1_200;
const DEADLINE_MS = 120_000;
/** Not counted, whoever watches: caches are cold then, and nothing is compiled. */
const FIRST_ROUNDS = 8;

/** For each round, how long after the put each watcher was told, ms, the fastest first. */
export const timesOf = async (
  {store, key, rounds}: Rounds,
  watchers: Watchers,
): Promise<readonly (readonly number[])[]> => {
  let told: number[] = [];
  const {count, stop} = watchers(at => void told.push(at));
  const all = async (): Promise<void> => {
    const late = monotonicMs() + DEADLINE_MS;
    while (told.length < count) {
      if (monotonicMs() > late) throw new Error(`${count - told.length} of ${count} were not told`);
      await sleep(5);
    }
  };
  const times: number[][] = [];
  try {
    await all();
    for (let n = 0; n < FIRST_ROUNDS + rounds; n += 1) {
      await sleep(PAUSE_MS);
      told = [];
      const began = monotonicMs();
      await store.put(key, `value ${key} ${n} ${began}`, 'any', never);
      await all();
      if (n >= FIRST_ROUNDS) times.push(told.map(at => at - began).toSorted((a, b) => a - b));
    }
  } finally {
    await stop();
  }
  return times;
};

/** The value below which this share of the values are. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
};
