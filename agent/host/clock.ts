import {setTimeout as sleep} from 'node:timers/promises';

/** Time and chance as the runtime takes them, so that a whole fleet can live on one simulated clock. Durations are in ms. */
export interface Clock {
  /** ms since 1970 */
  readonly now: () => number;
  /** ms of a clock that nobody sets: only differences mean something */
  readonly elapsed: () => number;
  /** a number in [0, 1) */
  readonly random: () => number;
  /** Waits `ms`, shorter when the signal is aborted; never throws. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Calls `work` once, after `ms`, unless what it gives back is called before. */
  readonly after: (ms: number, work: () => void) => () => void;
}

/** The machine's own. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  random: () => Math.random(),
  sleep: (ms, signal) => sleep(ms, undefined, {signal}).catch(() => undefined),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};
