import {type Ledger, readLedger} from '../core/fleet/ledger.ts';
import type {Keys} from '../core/keys.ts';
import {ReasonError} from '../core/reason-error.ts';
import type {Store} from '../ports.ts';

/** The ledger as it is now. Throws `store.document` when it is damaged. */
export const readLedgerFrom = async (
  {store, keys}: {readonly store: Store; readonly keys: Keys},
  signal: AbortSignal,
): Promise<Ledger> => {
  const entry = await store.get(keys.ledger, signal);
  const reading = readLedger(entry?.value ?? null);
  if (!reading.ok) throw new ReasonError(reading.cause);
  return reading.value;
};
