import type {PresenceOptions} from '../../ports.ts';
import type {Keeping} from '../keep.ts';
import type {Consistency, Kv, LockableEntry, LockOutcome} from './kv.ts';
import type {Lease} from './lease.ts';
import type {Sessions} from './session.ts';

interface Consul {
  readonly kv: Kv;
  readonly sessions: Sessions;
  /** shared with the host's other keys */
  readonly lease: Lease;
}

const TRIES = 3;

// INVARIANT: a key that is given up is not left locked by a session that lives on for other keys: else nobody could have it.

/**
 * A key that is locked by the host's session and deleted with it. An operator's plain write to the key changes its value and leaves
 * the lock; so does a restored snapshot that the session is in. The key counts as lost then.
 */
export const consulKeeping = (
  {kv, sessions, lease}: Consul,
  {key, takeOver}: Pick<PresenceOptions, 'key' | 'takeOver'>,
): Keeping => {
  const user = {};
  /** the session that holds the key, or may: a write whose answer was lost may have been done */
  let mine: string | undefined;
  let written: string | undefined;
  let renewals = 0;
  const noted = (session: string, outcome: LockOutcome): boolean => {
    if (outcome === 'no session') lease.drop(session);
    if (outcome !== 'held') mine = undefined;
    return outcome === 'held';
  };
  const acquireOnce = async (value: string, signal: AbortSignal): Promise<boolean> => {
    const session = await lease.live(user, signal);
    mine = session;
    written = value;
    return noted(session, await kv.acquire({key, value, session}, signal));
  };
  const pushAside = async (from: string, value: string, signal: AbortSignal): Promise<boolean> => {
    const session = await lease.live(user, signal);
    mine = session;
    written = value;
    if (!noted(session, await kv.handOver({key, value, session, from}, signal))) return false;
    // an older process of this host held it: what else that holds ends, too. It would end by its TTL: so it need not succeed
    await sessions.destroy(from, signal).catch(() => undefined);
    return true;
  };
  const takeOnce = async (value: string, signal: AbortSignal): Promise<'held' | 'taken' | 'again'> => {
    // asked before it is written, so that a host that waits for the key costs the servers no write
    const holder = (await readOne(kv, {key, consistency: 'consistent'}, signal))?.session;
    const isFree = holder === undefined || holder === lease.session();
    if (!isFree && !takeOver) return 'taken';
    const done = isFree ? await acquireOnce(value, signal) : await pushAside(holder, value, signal);
    return done ? 'held' : 'again';
  };
  return {
    key,
    ttlMs: lease.ttlMs,
    renewedAt: lease.renewedAt,
    acquire: async (value, signal) => {
      if (mine !== undefined && mine === lease.session() && (await acquireOnce(value, signal))) return true;
      for (let tries = 0; tries < TRIES; tries += 1) {
        const outcome = await takeOnce(value, signal);
        if (outcome !== 'again') return outcome === 'held';
      }
      return false;
    },
    // The renewal of the session says nothing about the key: an operator may have deleted it. At every second one it is looked at.
    renew: async signal => {
      // by another key's renewal the session may be known to be gone, or be a later one already
      if (mine !== lease.session() || !(await lease.renew(signal))) return 'its session is gone';
      renewals += 1;
      return renewals % 2 === 0 ? whyNotHeld(kv, {key, session: mine, value: written}, signal) : null;
    },
    remove: async signal => {
      const session = mine;
      mine = undefined;
      const alone = lease.leave(user);
      if (session === undefined) return;
      if (alone) lease.drop(session);
      try {
        await (alone ? sessions.destroy(session, signal) : kv.removeLocked({key, session}, signal));
      } catch (error) {
        lease.drop(session);
        throw error;
      }
    },
  };
};

/** Null while the session holds the key with this value. Any server may say so; that it does not, only the leader may say. */
const whyNotHeld = async (
  kv: Kv,
  {
    key,
    ...kept
  }: {readonly key: string; readonly session?: string | undefined; readonly value?: string | undefined},
  signal: AbortSignal,
): Promise<string | null> => {
  const isKept = (entry: LockableEntry | undefined): boolean =>
    entry?.session === kept.session && entry?.value === kept.value;
  if (isKept(await readOne(kv, {key, consistency: 'stale'}, signal))) return null;
  const entry = await readOne(kv, {key, consistency: 'consistent'}, signal);
  if (isKept(entry)) return null;
  if (!entry) return 'it is gone';
  return entry.session === kept.session ? 'it is not what was written' : 'another holder has it';
};

const readOne = async (
  kv: Kv,
  {key, consistency}: {readonly key: string; readonly consistency: Consistency},
  signal: AbortSignal,
): Promise<LockableEntry | undefined> =>
  (await kv.read({path: key, recurse: false, consistency}, signal)).entries[0];
