import {NOTHING_TOLD, readTold, type Told} from '../../core/fleet/telling/told.ts';
import type {Keys} from '../../core/keys.ts';
import {createExclusive} from '../../host/exclusive.ts';
import type {Expected, Log, Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly log: Log;
}

export interface Memory {
  /** Changes what is remembered, by compare-and-set, and gives it as it is then. Throws a `ReasonError`, or when others write it all the time. */
  change(change: (told: Told) => Told, signal: AbortSignal): Promise<Told>;
  /** What the store has now. */
  look(signal: AbortSignal): Promise<Told>;
}

const CAS_TRIES = 5;

/** The document `told`. Several parts of one coordinator change it, one after the other; what is known of it is not read again. */
export const createMemory = ({store, keys, log}: Parts): Memory => {
  let known: {readonly told: Told; readonly expected: Expected} | null = null;
  // each change needs the version that the one before wrote
  const inTurn = createExclusive();

  const read = async (signal: AbortSignal) => {
    const entry = await store.get(keys.told, signal);
    const reading = readTold(entry?.value ?? null);
    // begun anew: a double is better than silence for ever
    if (!reading.ok)
      log.warning(`what people were told of the fleet cannot be read, and is begun anew (${keys.told})`);
    const told = reading.ok ? reading.value : NOTHING_TOLD;
    known = {told, expected: entry ? {version: entry.version} : ('absent' as const)};
    return known;
  };

  const write = async (change: (told: Told) => Told, signal: AbortSignal): Promise<Told> => {
    for (let tries = 0; tries < CAS_TRIES; tries += 1) {
      const {told, expected} = known ?? (await read(signal));
      const next = change(told);
      if (JSON.stringify(next) === JSON.stringify(told)) return told;
      known = null; // until it is known what became of it
      const put = await store.put(keys.told, JSON.stringify(next), expected, signal);
      if (!put.ok) continue;
      known = {told: next, expected: {version: put.version}};
      return next;
    }
    throw new Error(`${keys.told} is written by others all the time`);
  };

  return {
    change: (change, signal) => inTurn(() => write(change, signal)),
    look: signal => inTurn(async () => (await read(signal)).told),
  };
};
