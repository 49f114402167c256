import type {PresenceOptions} from '../../ports.ts';
import type {Keeping} from '../keep.ts';
import type {Consistency, Kv, LockableEntry, LockOutcome} from './kv.ts';
import {createLease} from './lease.ts';
import type {Sessions} from './session.ts';

export interface ConsulPresence extends PresenceOptions {
  /** the shortest TTL that the servers accept */
  readonly ttlMinMs: number;
}

interface Consul {
  readonly kv: Kv;
  readonly sessions: Sessions;
}

const TRIES = 3;

/**
 * A key that is locked by a session of its own and deleted with it. An operator's plain write to the key changes its value
 * and leaves the lock.
 */
export const consulKeeping = ({kv, sessions}: Consul, options: ConsulPresence): Keeping => {
  const {key, takeOver} = options;
  const lease = createLease(sessions, {...options, name: `release-agent ${key}`});
  let renewals = 0;
  const noted = (outcome: LockOutcome): boolean => {
    if (outcome === 'no session') lease.drop();
    return outcome === 'held';
  };
  const acquireOnce = async (value: string, signal: AbortSignal): Promise<boolean> =>
    noted(await kv.acquire({key, value, session: await lease.live(signal)}, signal));
  const pushAside = async (from: string, value: string, signal: AbortSignal): Promise<boolean> => {
    const lock = {key, value, session: await lease.live(signal), from};
    if (!noted(await kv.handOver(lock, signal))) return false;
    // it holds nothing any more and would end by its TTL: so it need not succeed
    await sessions.destroy(from, signal).catch(() => undefined);
    return true;
  };
  const takeOnce = async (value: string, signal: AbortSignal): Promise<'held' | 'taken' | 'again'> => {
    // asked before a session is made, so that a host that waits for the key costs no session
    const holder = (await readOne(kv, {key, consistency: 'consistent'}, signal))?.session;
    const isFree = holder === undefined || holder === lease.session();
    if (!isFree && !takeOver) return 'taken';
    const done = isFree ? await acquireOnce(value, signal) : await pushAside(holder, value, signal);
    return done ? 'held' : 'again';
  };
  return {
    key,
    ttlMs: lease.ttlMs,
    acquire: async (value, signal) => {
      if (lease.session() !== undefined && (await acquireOnce(value, signal))) return true;
      for (let tries = 0; tries < TRIES; tries += 1) {
        const outcome = await takeOnce(value, signal);
        if (outcome !== 'again') return outcome === 'held';
      }
      return false;
    },
    // The renewal of the session says nothing about the key: an operator may have deleted it. At every second one it is looked at.
    renew: async signal => {
      if (!(await lease.renew(signal))) return 'its session is gone';
      renewals += 1;
      return renewals % 2 === 0 ? whyNotHeld(kv, {key, session: lease.session()}, signal) : null;
    },
    remove: async signal => {
      const ended = lease.drop();
      if (ended !== undefined) await sessions.destroy(ended, signal);
    },
  };
};

/** Null while the session holds the key. Any server may say so; that it does not, only the leader may say. */
const whyNotHeld = async (
  kv: Kv,
  {key, session}: {readonly key: string; readonly session: string | undefined},
  signal: AbortSignal,
): Promise<string | null> => {
  if ((await readOne(kv, {key, consistency: 'stale'}, signal))?.session === session) return null;
  const entry = await readOne(kv, {key, consistency: 'consistent'}, signal);
  if (entry?.session === session) return null;
  return entry ? 'another holder has it' : 'it is gone';
};

const readOne = async (
  kv: Kv,
  {key, consistency}: {readonly key: string; readonly consistency: Consistency},
  signal: AbortSignal,
): Promise<LockableEntry | undefined> =>
  (await kv.read({path: key, recurse: false, consistency}, signal)).entries[0];
