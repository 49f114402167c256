import type {ConsulSettings} from '../config/settings.ts';
import type {Entry, Expected, Store} from '../ports.ts';
import {storeOf} from './adapter.ts';
import {type HttpTuning, openConsulHttp} from './consul/http.ts';
import {consulKv, type Kv, plain} from './consul/kv.ts';
import {leasesOf} from './consul/lease.ts';
import {consulKeeping} from './consul/presence.ts';
import {consulSessions} from './consul/session.ts';
import {consulWatch} from './consul/watch.ts';

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
  const kv = consulKv(http, settings.prefix);
  const sessions = consulSessions(http);
  const leaseFor = leasesOf(sessions);
  const {sessionTtlMinMs: ttlMinMs = SESSION_TTL_MIN_MS, watchWaitMs: waitMs = WATCH_WAIT_MS} = tuning;
  return storeOf({
    name: http.name,
    get: async (key, signal) => (await read(kv, {path: key, recurse: false}, signal))[0] ?? null,
    isAt: kv.isAt,
    put: kv.put,
    delete: (key, expected, signal) => deleteKey(kv, {key, expected}, signal),
    list: (prefix, signal) => read(kv, {path: prefix, recurse: true}, signal),
    watch: target => consulWatch({kv, waitMs}, target),
    presence: options => {
      const lease = leaseFor({...options, ttlMinMs});
      return consulKeeping({kv, sessions, lease}, options);
    },
    close: async () => http.close(),
  });
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
