import {performance} from 'node:perf_hooks';
import {createExclusive} from '../../host/exclusive.ts';
import {type Sessions, TTL_MAX_MS} from './session.ts';

/** The session of a host's keys: made when one is first wanted, renewed once for all of them, and made again after it was lost. */
export interface Lease {
  readonly ttlMs: () => number;
  readonly session: () => string | undefined;
  /** when it was last renewed, on the clock of `performance.now()` */
  readonly renewedAt: () => number;
  /** A session that lives, as far as can be known: the last one, renewed if need be, or a new one. The user needs it from now on. */
  live(user: object, signal: AbortSignal): Promise<string>;
  /** `false`: there is no session, or it is gone. Asks nothing while the renewal for another key is fresh. */
  renew(signal: AbortSignal): Promise<boolean>;
  /** The user needs it no longer. True when nobody else does. */
  leave(user: object): boolean;
  /** Forgets the session, unless it is another one by now: what is still locked by it ends with it. */
  drop(session: string): void;
}

export interface LeaseOptions {
  readonly name: string;
  readonly ttlMs: number;
  /** the shortest TTL that the servers accept */
  readonly ttlMinMs: number;
}

/** Of the TTL. Below the shortest pause between two renewals of one key (keep.ts), so that each is made for all keys at once. */
const FRESH = 3 / 8;

/** A lease without a session yet. The TTL is brought within what Consul accepts, and follows what it answers. */
export const createLease = (sessions: Sessions, {name, ttlMinMs, ...asked}: LeaseOptions): Lease => {
  const users = new Set<object>();
  const creation = createExclusive();
  let ttlMs = Math.min(TTL_MAX_MS, Math.max(ttlMinMs, asked.ttlMs));
  let session: string | undefined;
  let renewedAt = Number.NEGATIVE_INFINITY;

  const drop = (dropped: string): void => {
    if (session === dropped) session = undefined;
  };
  const age = (): number => performance.now() - renewedAt;
  const ask = async (signal: AbortSignal): Promise<boolean> => {
    const asked = session;
    if (asked === undefined) return false;
    const startedAt = performance.now();
    const granted = await sessions.renew(asked, signal);
    if (granted === null) drop(asked);
    if (granted === null || asked !== session) return false;
    ttlMs = Math.max(granted, ttlMinMs);
    renewedAt = Math.max(renewedAt, startedAt);
    return true;
  };
  const create = async (signal: AbortSignal): Promise<string> => {
    const startedAt = performance.now();
    session = await sessions.create({name, ttlMs}, signal);
    renewedAt = startedAt;
    return session;
  };
  return {
    ttlMs: () => ttlMs,
    session: () => session,
    renewedAt: () => renewedAt,
    // a session whose loss was feared, because the store did not answer, may live on: it is taken up again
    live: (user, signal) => {
      users.add(user);
      return creation(async () => {
        if (session !== undefined && (age() < ttlMs || (await ask(signal)))) return session;
        return create(signal);
      }, signal);
    },
    renew: async signal => (session !== undefined && age() < ttlMs * FRESH) || ask(signal),
    leave: user => users.delete(user) && users.size === 0,
    drop,
  };
};

/** Gives each key its lease: keys of one TTL share one, and so a session; one key that is asked for again gets another. */
export const leasesOf = (
  sessions: Sessions,
): ((options: Omit<LeaseOptions, 'name'> & {readonly key: string}) => Lease) => {
  const given: {readonly ttlMs: number; readonly keys: Set<string>; readonly lease: Lease}[] = [];
  return ({key, ttlMs, ttlMinMs}) => {
    const shared = given.find(each => each.ttlMs === ttlMs && !each.keys.has(key));
    if (shared) {
      shared.keys.add(key);
      return shared.lease;
    }
    const lease = createLease(sessions, {name: `release-agent ${key}`, ttlMs, ttlMinMs});
    given.push({ttlMs, keys: new Set([key]), lease});
    return lease;
  };
};
