import {performance} from 'node:perf_hooks';
import {jittered, pause} from '../../host/pause.ts';

const BURST = 10;
const IDLE_FIRST_MS = 50;
const IDLE_MAX_MS = 5_000;

export interface Pace {
  /** Waits until the next query may be sent, and says whether that took time. */
  next(signal: AbortSignal): Promise<'paused' | 'at once'>;
  /** What the last query answered: news, nothing although its time was not over, or nothing in time. */
  answered(answer: 'news' | 'nothing' | 'in time'): void;
}

interface Rates {
  /** after the first ten news, ms for each */
  readonly refillMs: number;
  /** after each news, ms at most; half of it at least */
  readonly restMs: number;
}

/**
 * How fast a loop of blocking queries may turn. News: ten at once, each with its rest, then one in `refillMs`. Answers for nothing (before Consul
 * 1.11.4 a key that is not there wakes at every write to any key): ever slower, down to one in 5 s, until there is news.
 */
export const createPace = ({refillMs, restMs}: Rates): Pace => {
  let tokens = BURST;
  let filledAt = performance.now();
  let idle = 0;
  let rest = 0;
  return {
    next: async signal => {
      tokens = Math.min(BURST, tokens + (performance.now() - filledAt) / refillMs);
      filledAt = performance.now();
      const idleMs = idle > 2 ? jittered(Math.min(IDLE_MAX_MS, IDLE_FIRST_MS * 2 ** (idle - 2))) : 0;
      const pauseMs = Math.max(rest, idleMs, (1 - tokens) * refillMs);
      rest = 0;
      tokens -= 1;
      if (pauseMs <= 0) return 'at once';
      await pause(pauseMs, signal);
      return 'paused';
    },
    answered: answer => {
      rest = answer === 'news' ? jittered(restMs) : 0;
      idle = answer === 'nothing' ? Math.min(idle + 1, 20) : 0;
    },
  };
};
