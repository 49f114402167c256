import {getSystemErrorMessage} from 'node:util';
import {type Reason, reason, reasonText} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';
import type {Log} from '../../ports.ts';

export interface JournalHealth {
  /** why states are not durable; null while they are */
  lost(): Reason | null;
  /** Notes what a write came to: null, or whatever it threw. Logged when it is another cause than before. */
  note(error: unknown): void;
  /** The listener is called whenever what `lost` tells changes. */
  onChange(listener: () => void): void;
}

/** Remembers whether the journal can be written, and since when it cannot. */
export const createJournalHealth = (log: Log, clock: Pick<Clock, 'now'>): JournalHealth => {
  const listeners: (() => void)[] = [];
  let lost: Reason | null = null;
  let since = 0;
  const turn = (next: Reason | null): void => {
    lost = next;
    for (const listener of listeners) listener();
  };
  return {
    lost: () => lost,
    note: error => {
      if (error === null) {
        if (!lost) return;
        log.info('the journal can be written again');
        turn(null);
        return;
      }
      if (!lost) since = clock.now();
      const why = reason('journal.unwritable', {since: momentText(since), cause: causeOf(error)});
      if (lost && reasonText(why) === reasonText(lost)) return;
      log.error(`${reasonText(why)}; what serves goes on serving, and nothing new begins`);
      turn(why);
    },
    onChange: listener => {
      listeners.push(listener);
    },
  };
};

const momentText = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

// One disk that is full refuses now this call and now that one: the call is no part of the cause.
const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'errno' in error && typeof error.errno === 'number'
    ? getSystemErrorMessage(error.errno)
    : error.message;
};
