import type {Entry, Expected, Store} from '../ports.ts';
import {type HttpTuning, openConsulHttp} from './consul/http.ts';
import {consulKv, type Kv, plain} from './consul/kv.ts';
import {consulKeeping} from './consul/presence.ts';
import {consulSessions} from './consul/session.ts';
import type {ConsulSettings} from './consul/settings.ts';
import {consulWatch} from './consul/watch.ts';
import {type KeptPresence, keepPresence} from './keep.ts';
import {checkKey, checkPrefix, checkTarget, checkValue} from './key.ts';
import {updates} from './updates.ts';

export interface ConsulTuning extends HttpTuning {
  /** the shortest TTL that the servers accept (their `session_ttl_min`) */
  readonly sessionTtlMinMs?: number;
  /** the longest that a blocking query waits; each waits between half of it and all of it */
  readonly watchWaitMs?: number;
}

const SESSION_TTL_MIN_MS = 10_000;
const WATCH_WAIT_MS = 180_000;

/**
 * The fleet's store in Consul, 1.8 or newer, below `prefix`. Does not speak to Consul yet. Throws `store.refused` for
 * settings that cannot work. Reads are `consistent`: each leads to a compare-and-set or to an action.
 */
export const openConsulStore = (settings: ConsulSettings, tuning: ConsulTuning = {}): Store => {
  const http = openConsulHttp(settings, tuning);
  const {name} = http;
  const kv = consulKv(http, settings.prefix);
  const sessions = consulSessions(http);
  const {sessionTtlMinMs: ttlMinMs = SESSION_TTL_MIN_MS, watchWaitMs: waitMs = WATCH_WAIT_MS} = tuning;
  const presences = new Set<KeptPresence>();
  return {
    name,
    get: async (key, signal) => {
      checkKey(name, key);
      return (await read(kv, {path: key, recurse: false}, signal))[0] ?? null;
    },
    put: async (key, value, expected, signal) => {
      checkKey(name, key);
      checkValue(name, key, value);
      return kv.put({key, value, expected}, signal);
    },
    delete: async (key, expected, signal) => {
      checkKey(name, key);
      return deleteKey(kv, {key, expected}, signal);
    },
    list: async (prefix, signal) => {
      checkPrefix(name, prefix);
      return read(kv, {path: prefix, recurse: true}, signal);
    },
    watch: (target, signal) => {
      checkTarget(name, target);
      return updates(consulWatch({kv, waitMs}, target), signal);
    },
    presence: options => {
      checkKey(name, options.key);
      const presence = keepPresence(consulKeeping({kv, sessions}, {...options, ttlMinMs}));
      presences.add(presence);
      return presence;
    },
    close: async () => {
      for (const presence of presences) presence.stop();
      http.close();
    },
  };
};

const read = async (
  kv: Kv,
  query: {readonly path: string; readonly recurse: boolean},
  signal: AbortSignal,
): Promise<Entry[]> => {
  const {entries} = await kv.read({...query, consistency: 'consistent'}, signal);
  return plain(entries);
};

const deleteKey = async (
  kv: Kv,
  {key, expected}: {readonly key: string; readonly expected: Expected},
  signal: AbortSignal,
): Promise<boolean> => {
  if (expected === 'any') return kv.delete(key, 'any', signal);
  const version = expected === 'absent' ? undefined : expected.version;
  if (version !== undefined && (await kv.delete(key, version, signal))) return true;
  return (await read(kv, {path: key, recurse: false}, signal)).length === 0;
};
