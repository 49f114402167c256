import type {Entry, Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
}

/** A document that the coordinator writes again and again, and others rarely. */
export interface FleetDocument {
  /** As it is in the store; null while there is none. */
  read(signal: AbortSignal): Promise<Entry | null>;
  /** Writes it in place of what was read. False when somebody else has written it meanwhile. */
  write(value: string, read: Entry | null, signal: AbortSignal): Promise<Entry | false>;
}

/** Read for each plan, also when the last one wrote it: what was kept, and a store that is restored meanwhile, freed a permit that was in use. */
export const createDocument = ({store}: Parts, key: string): FleetDocument => ({
  read: signal => store.get(key, signal),
  write: async (value, read, signal) => {
    const put = await store.put(key, value, read ? {version: read.version} : 'absent', signal);
    return put.ok && {key, value, version: put.version};
  },
});
