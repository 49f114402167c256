import {performance} from 'node:perf_hooks';
import type {PresenceOptions} from '../../ports.ts';
import type {Keeping} from '../keep.ts';
import type {Consistency, Kv, LockableEntry} from './kv.ts';
import type {Sessions} from './session.ts';

export interface ConsulPresence extends PresenceOptions {
  /** the shortest TTL that the servers accept */
  readonly ttlMinMs: number;
}

const TTL_MAX_MS = 86_400_000;
const TRIES = 3;

/**
 * A key that is locked by a session of its own. The key is deleted with the session; the session is made when the key is
 * first wanted. An operator's plain write to the key changes its value and leaves the lock.
 */
export const consulKeeping = (
  {kv, sessions}: {kv: Kv; sessions: Sessions},
  options: ConsulPresence,
): Keeping => {
  const {key, takeOver} = options;
  let ttlMs = Math.min(TTL_MAX_MS, Math.max(options.ttlMinMs, options.ttlMs));
  let session: string | undefined;
  let renewedAt = 0;

  const current = async (consistency: Consistency, signal: AbortSignal): Promise<LockableEntry | undefined> =>
    (await kv.read({path: key, recurse: false, consistency}, signal)).entries[0];
  const renewSession = async (id: string, signal: AbortSignal): Promise<boolean> => {
    const startedAt = performance.now();
    const granted = await sessions.renew(id, signal);
    if (granted === null) return false;
    ttlMs = Math.max(granted, options.ttlMinMs);
    renewedAt = startedAt;
    return true;
  };
  // A session whose loss was feared, because the store did not answer, may live on: it is taken up again.
  const liveSession = async (signal: AbortSignal): Promise<string> => {
    const fresh = performance.now() - renewedAt < ttlMs;
    if (session !== undefined && (fresh || (await renewSession(session, signal)))) return session;
    const startedAt = performance.now();
    session = await sessions.create({name: `release-agent ${key}`, ttlMs}, signal);
    renewedAt = startedAt;
    return session;
  };
  const acquireOnce = async (value: string, signal: AbortSignal): Promise<boolean> => {
    const id = await liveSession(signal);
    const outcome = await kv.acquire({key, value, session: id}, signal);
    if (outcome === 'no session') session = undefined;
    return outcome === 'held';
  };

  /** True when nobody else has the key (any more). */
  const cleared = async (signal: AbortSignal): Promise<boolean> => {
    const holder = (await current('consistent', signal))?.session;
    if (holder === undefined || holder === session) return true;
    if (takeOver) await sessions.destroy(holder, signal);
    return takeOver;
  };

  return {
    key,
    ttlMs: () => ttlMs,
    acquire: async (value, signal) => {
      if (session !== undefined && (await acquireOnce(value, signal))) return true;
      for (let tries = 0; tries < TRIES; tries += 1) {
        // asked before a session is made, so that a host that waits for the key costs no session
        if (!(await cleared(signal))) return false;
        if (await acquireOnce(value, signal)) return true;
      }
      return false;
    },
    renew: async signal => {
      if (session === undefined || !(await renewSession(session, signal))) return 'its session is gone';
      // the renewal says nothing about the key: an operator may have deleted it
      if ((await current('stale', signal))?.session === session) return null;
      const entry = await current('consistent', signal);
      if (entry?.session === session) return null;
      return entry ? 'another holder has it' : 'it is gone';
    },
    remove: async signal => {
      const ended = session;
      session = undefined;
      if (ended !== undefined) await sessions.destroy(ended, signal);
    },
  };
};
