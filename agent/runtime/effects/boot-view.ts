import {setTimeout as sleep} from 'node:timers/promises';
import {type Ledger, readLedger} from '../../core/fleet/ledger.ts';
import type {BootView} from '../../core/host/event.ts';
import type {Keys} from '../../core/keys.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import {parseRelease, type Release} from '../../core/release.ts';
import type {Store} from '../../ports.ts';
import {readingOf} from '../loop/watch-desired.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly seed: Release | null;
}

const DEADLINE_MS = 8_000;

/** Makes the look at the store a booting host takes: what is proven, denied and desired, or why nothing can be read. */
export const createLook =
  ({store, keys, seed}: Parts) =>
  async (signal: AbortSignal): Promise<BootView> => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
    try {
      const [entry, ledger] = await Promise.all([
        store.get(keys.desired, bounded),
        readLedgerOf({store, keys}, bounded),
      ]);
      const denied = ledger.denied.map(parseRelease).filter(release => release !== undefined);
      const proven = (ledger.proven !== null && parseRelease(ledger.proven)) || null;
      return {reachable: true, proven, denied, desired: readingOf(entry, keys.desired), seed, cause: null};
    } catch (error) {
      signal.throwIfAborted();
      return {reachable: false, proven: null, denied: [], desired: null, seed, cause: reasonOf(error)};
    }
  };

/** The ledger as it is now. Throws `store.document` when it is damaged. */
export const readLedgerOf = async (
  {store, keys}: {readonly store: Store; readonly keys: Keys},
  signal: AbortSignal,
): Promise<Ledger> => {
  const entry = await store.get(keys.ledger, signal);
  const reading = readLedger(entry?.value ?? null);
  if (!reading.ok) throw new ReasonError(reading.cause);
  return reading.value;
};

/** Sleeps, or returns early when the signal is aborted; never throws. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  await sleep(ms, undefined, {signal}).catch(() => undefined);
};
