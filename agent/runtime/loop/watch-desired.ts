import {type DesiredReading, readDesired} from '../../core/desired.ts';
import {reason} from '../../core/reason.ts';
import type {Store} from '../../ports.ts';
import type {StoreHealth} from '../health/store.ts';
import type {Dispatch} from './event-input.ts';

interface Parts {
  readonly store: Store;
  readonly key: string;
  readonly health: StoreHealth;
  readonly dispatch: Dispatch;
}

/** Follows the desired key until the signal is aborted. A vanished key keeps the host on what it runs. */
export const watchDesired = async (
  {store, key, health, dispatch}: Parts,
  signal: AbortSignal,
): Promise<void> => {
  for await (const update of store.watch(key, signal)) {
    health.note('desired', update.type === 'lost' ? update.cause : null);
    if (update.type === 'value') dispatch({type: 'desired.read', reading: readingOf(update.entries[0], key)});
  }
};

/** What an entry of the desired key says; a reason when there is none. */
export const readingOf = (
  entry: {readonly value: string; readonly version: string} | null | undefined,
  key: string,
): DesiredReading =>
  entry ? readDesired(entry.value, entry.version) : {ok: false, refusal: reason('desired.missing', {key})};
