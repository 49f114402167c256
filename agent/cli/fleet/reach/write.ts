/** Changes of a fleet's keys. Each is a compare-and-set: what was seen is what is replaced. */

import {type Ledger, readLedger} from '../../../core/fleet/ledger.ts';
import type {Edit} from '../../../core/fleet/operate/edit.ts';
import {ledgerText} from '../../../core/fleet/packed/ledger-text.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import type {Entry} from '../../../ports.ts';
import {type Reach, Refusal} from './reach.ts';

/** The coordinator writes the ledger too, in its own time. */
const TRIES = 10;

/** Edits the ledger as it is now, again when somebody was quicker. Gives what the edit means; throws a `Refusal` when it means nothing. */
export const editLedger = async (
  {store, keys, signal}: Reach,
  edit: (ledger: Ledger) => Edit,
): Promise<string> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const entry = await store.get(keys.ledger, signal);
    const reading = readLedger(entry?.value ?? null);
    if (!reading.ok) throw new ReasonError(reading.cause);
    const edited = orRefuse(edit(reading.value));
    const value = ledgerText(edited.ledger);
    if ((await store.put(keys.ledger, value, expecting(entry), signal)).ok) return edited.text;
  }
  throw new Refusal('operator.busy', `${keys.ledger} changes too often: ask again`);
};

/** An edit that changes something; throws a `Refusal` with why the other does not. */
export const orRefuse = (edit: Edit): Edit & {readonly ok: true} => {
  if (!edit.ok) throw new Refusal('operator.nothing', edit.text);
  return edit;
};

/** For a compare-and-set: what was seen. */
export const expecting = (entry: Entry | null) => (entry ? {version: entry.version} : ('absent' as const));
