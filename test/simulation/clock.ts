import type {Clock} from '../../agent/host/clock.ts';
import type {Random} from './random.ts';
import type {Timeline} from './timeline.ts';

/** The moment a run begins, ms since 1970. */
export const EPOCH = Date.UTC(2030, 0, 7, 12);

interface Parts {
  readonly timeline: Timeline;
  readonly random: Random;
  /** false once whoever asks is no more: nothing it waits for comes then */
  readonly isAlive: () => boolean;
  /** how far this clock is off, ms */
  readonly skewMs: number;
}

/** One agent's clock on the timeline. */
export const clockOn = ({timeline, random, isAlive, skewMs}: Parts): Clock => {
  const after: Clock['after'] = (ms, work) =>
    timeline.after(ms, () => {
      if (isAlive()) work();
    });
  return {
    now: () => EPOCH + skewMs + timeline.now(),
    elapsed: timeline.now,
    random: random.next,
    after,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        if (signal.aborted) return resolve();
        const end = (): void => {
          cancel();
          signal.removeEventListener('abort', end);
          resolve();
        };
        const cancel = after(ms, end);
        signal.addEventListener('abort', end);
      }),
  };
};
