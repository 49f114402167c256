import type {State} from '../../core/host/state.ts';
import type {Clock} from '../../host/clock.ts';
import type {Journal} from '../../journal/journal.ts';
import type {JournalHealth} from '../health/journal.ts';

export interface Durable {
  /** Makes the state durable; false when it could not be, and `health` knows why. */
  write(state: State): Promise<boolean>;
  /** Keeps it for an agent that is started again before the machine is. */
  keep(state: State): Promise<void>;
  /** ms until the next try is due; null while states are durable */
  retryMs(): number | null;
}

const RETRY_MS = 1_000;

/** The journal as the loop uses it: a disk that refuses is noted, and tried again every second. */
export const createDurable = (journal: Journal, health: JournalHealth, clock: Clock): Durable => {
  let retryAt = 0;
  return {
    write: async state => {
      retryAt = clock.elapsed() + RETRY_MS;
      try {
        await journal.write(state);
        health.note(null);
        return true;
      } catch (error) {
        health.note(error);
        return false;
      }
    },
    keep: state => journal.keep(state),
    retryMs: () => (health.lost() ? Math.max(0, retryAt - clock.elapsed()) : null),
  };
};
