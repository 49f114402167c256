import type {DesiredReading} from '../../core/desired.ts';

/** What the watch of the desired key said last. A read of the key beside it must not bring back what the watch has passed. */
export interface LastDesired {
  /** The watch says this now. */
  note(reading: DesiredReading): void;
  /**
   * Called before a read: what it gives says, after the read, what the watch said meanwhile; null for nothing. Nobody knows which of the
   * two is older then, but what the watch says is never wrong for long, as every later state follows.
   */
  follow(): () => DesiredReading | null;
}

/** Remembers nothing yet. */
export const createLastDesired = (): LastDesired => {
  let last: DesiredReading | null = null;
  return {
    note: reading => {
      last = reading;
    },
    follow: () => {
      const before = last;
      return () => (last === before ? null : last);
    },
  };
};
