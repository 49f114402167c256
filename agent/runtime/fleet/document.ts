import type {Clock} from '../../host/clock.ts';
import type {Entry, Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly clock: Pick<Clock, 'elapsed'>;
}

/** A document that the coordinator writes again and again, and others rarely. */
export interface FleetDocument {
  /** As it is in the store, or was a moment ago; null while there is none. */
  read(signal: AbortSignal): Promise<Entry | null>;
  /** Writes it in place of what was read. False when somebody else has written it meanwhile: then it is read anew. */
  write(value: string, read: Entry | null, signal: AbortSignal): Promise<Entry | false>;
}

/** So long what was read or written is believed: every write is a compare-and-set, so that only what nobody writes is seen so late. */
const FRESH_MS = 2_000;

/** Keeps a document for plans that follow each other closely, which would read nothing but their own last writing. */
export const createDocument = ({store, clock}: Parts, key: string): FleetDocument => {
  let known: {readonly entry: Entry | null; readonly at: number} | null = null;
  return {
    read: async signal => {
      if (known && clock.elapsed() - known.at < FRESH_MS) return known.entry;
      known = null; // until the store has answered
      const at = clock.elapsed();
      const entry = await store.get(key, signal);
      known = {entry, at};
      return entry;
    },
    write: async (value, read, signal) => {
      known = null; // until the store has it for sure
      const at = clock.elapsed();
      const put = await store.put(key, value, read ? {version: read.version} : 'absent', signal);
      if (!put.ok) return false;
      const entry = {key, value, version: put.version};
      known = {entry, at};
      return entry;
    },
  };
};
