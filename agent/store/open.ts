import type {StoreSettings} from '../config/settings.ts';
import type {Store} from '../ports.ts';
import {openDirectoryStore} from './directory.ts';

/** What only tests change. */
export interface StoreTuning {
  /** the shortest TTL that the Consul servers accept (`session_ttl_min`) */
  readonly sessionTtlMinMs?: number;
}

/**
 * Opens the configured store. It need not answer yet: a host boots without it. Throws `store.refused` for settings that
 * cannot work.
 */
export const openStore = (settings: StoreSettings, _tuning: StoreTuning = {}): Promise<Store> => {
  if (settings.kind !== 'directory') throw new Error('next');
  return openDirectoryStore(settings);
};
