import type {StoreSettings} from '../config/settings.ts';
import type {Store} from '../ports.ts';
import {type ConsulTuning, openConsulStore} from './consul.ts';

/** What is right for every fleet and only tests change. */
export type StoreTuning = ConsulTuning;

/**
 * Opens the configured store. It need not answer yet: a host boots without it. Throws `store.refused` for settings that
 * cannot work, and for a directory that cannot be made.
 */
export const openStore = async (settings: StoreSettings, tuning: StoreTuning = {}): Promise<Store> =>
  settings.kind === 'directory'
    ? (await import('./directory.ts')).openDirectoryStore(settings) // its watcher costs 4 MB
    : openConsulStore(settings, tuning);

/** Opens the store for somebody who shows a token of their own; null when it knows no tokens. Throws as `openStore` does. */
export const openStoreAs = (settings: StoreSettings, token: string): Store | null => {
  if (settings.kind === 'directory') return null;
  const {tokenFile: _, ...place} = settings;
  return openConsulStore(place, {token});
};
