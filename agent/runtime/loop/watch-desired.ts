import {readingOf} from '../../core/desired.ts';
import type {Turn} from '../../core/host/event.ts';
import type {Dispatch} from '../../core/host/event-input.ts';
import type {Store} from '../../ports.ts';
import type {LastDesired} from '../effects/last-desired.ts';
import type {StoreHealth} from '../health/store.ts';

interface Parts {
  readonly store: Store;
  readonly key: string;
  readonly health: StoreHealth;
  /** when this host does what all are told at once; null: at once */
  readonly turn: ((signal: AbortSignal) => Promise<Turn>) | null;
  readonly last: LastDesired;
  readonly dispatch: Dispatch;
}

/** Follows the desired key until the signal is aborted. A vanished key keeps the host on what it runs. */
export const watchDesired = async (
  {store, key, health, turn, last, dispatch}: Parts,
  signal: AbortSignal,
): Promise<void> => {
  for await (const update of store.watch(key, signal)) {
    health.note('desired', update.type === 'lost' ? update.cause : null);
    if (update.type !== 'value') continue;
    const reading = readingOf(update.entries[0], key);
    last.note(reading);
    const mine = turn && reading.ok ? {turn: await turn(signal)} : {};
    if (!signal.aborted) dispatch({type: 'desired.read', reading, ...mine});
  }
};
