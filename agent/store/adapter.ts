import type {Entry, Expected, PresenceOptions, PutResult, Store} from '../ports.ts';
import {type Keeping, type KeptPresence, keepPresence} from './keep.ts';
import {checkKey, checkPrefix, checkTarget, checkValue} from './key.ts';
import {updates, type WatchSource} from './updates.ts';

/** What one kind of store brings. Its keys, prefixes and values were checked before. */
export interface Adapter {
  readonly name: string;
  get(key: string, signal: AbortSignal): Promise<Entry | null>;
  isAt(key: string, version: string, signal: AbortSignal): Promise<boolean>;
  put(write: Write, signal: AbortSignal): Promise<PutResult>;
  delete(key: string, expected: Expected, signal: AbortSignal): Promise<boolean>;
  list(prefix: string, signal: AbortSignal): Promise<readonly Entry[]>;
  /** called when the first update is asked for */
  watch(target: string): WatchSource;
  presence(options: PresenceOptions): Keeping;
  close(): Promise<void>;
}

export interface Write {
  readonly key: string;
  readonly value: string;
  readonly expected: Expected;
}

/** A store made of its adapter: refuses what no store takes, turns watch sources into updates and keeps presences. */
export const storeOf = (adapter: Adapter): Store => {
  const {name} = adapter;
  const presences = new Set<KeptPresence>();
  return {
    name,
    get: async (key, signal) => {
      checkKey(name, key);
      return adapter.get(key, signal);
    },
    isAt: async (key, version, signal) => {
      checkKey(name, key);
      return adapter.isAt(key, version, signal);
    },
    put: async (key, value, expected, signal) => {
      checkKey(name, key);
      checkValue(name, key, value);
      return adapter.put({key, value, expected}, signal);
    },
    delete: async (key, expected, signal) => {
      checkKey(name, key);
      return adapter.delete(key, expected, signal);
    },
    list: async (prefix, signal) => {
      checkPrefix(name, prefix);
      return adapter.list(prefix, signal);
    },
    watch: (target, signal) => {
      checkTarget(name, target);
      return updates(() => adapter.watch(target), signal);
    },
    presence: options => {
      checkKey(name, options.key);
      const presence = keepPresence(adapter.presence(options));
      presences.add(presence);
      return presence;
    },
    close: async () => {
      for (const presence of presences) presence.stop();
      await adapter.close();
    },
  };
};
