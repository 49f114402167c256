import {type Reason, reason} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';
import type {JournalHealth} from '../health/journal.ts';
import type {Answer} from './inbox.ts';

const ANSWER_MS = 10_000;

/**
 * Asks, and waits for the answer, but not for ever: whoever answers later is told that nobody listens any more. Gives null, or
 * why the request has no effect.
 */
export const answered = (
  ask: (answer: Answer) => void,
  health: JournalHealth,
  clock: Clock,
): Promise<Reason | null> =>
  new Promise(resolve => {
    let isOver = false;
    const answer: Answer = cause => {
      cancel();
      const isHeard = !isOver;
      isOver = true;
      resolve(cause);
      return isHeard;
    };
    const since = new Date(clock.now()).toISOString();
    const slow = reason('journal.unwritable', {since, cause: 'the disk does not answer'});
    const cancel = clock.after(ANSWER_MS, () => answer(health.lost() ?? slow));
    ask(answer);
  });
