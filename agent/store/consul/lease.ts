import {performance} from 'node:perf_hooks';
import {type Sessions, TTL_MAX_MS} from './session.ts';

/** The session of one presence: made when it is first wanted, renewed, and made again after it was lost. */
export interface Lease {
  readonly ttlMs: () => number;
  readonly session: () => string | undefined;
  /** A session that lives, as far as can be known: the last one, renewed if need be, or a new one. */
  live(signal: AbortSignal): Promise<string>;
  /** `false`: there is no session, or it is gone. */
  renew(signal: AbortSignal): Promise<boolean>;
  /** Forgets the session and gives its id. */
  drop(): string | undefined;
}

export interface LeaseOptions {
  readonly name: string;
  readonly ttlMs: number;
  /** the shortest TTL that the servers accept */
  readonly ttlMinMs: number;
}

/** A lease without a session yet. The TTL is brought within what Consul accepts, and follows what it answers. */
export const createLease = (sessions: Sessions, {name, ttlMinMs, ...asked}: LeaseOptions): Lease => {
  let ttlMs = Math.min(TTL_MAX_MS, Math.max(ttlMinMs, asked.ttlMs));
  let session: string | undefined;
  let renewedAt = 0;

  const renew = async (signal: AbortSignal): Promise<boolean> => {
    if (session === undefined) return false;
    const startedAt = performance.now();
    const granted = await sessions.renew(session, signal);
    if (granted === null) return false;
    ttlMs = Math.max(granted, ttlMinMs);
    renewedAt = startedAt;
    return true;
  };
  return {
    ttlMs: () => ttlMs,
    session: () => session,
    // a session whose loss was feared, because the store did not answer, may live on: it is taken up again
    live: async signal => {
      const fresh = performance.now() - renewedAt < ttlMs;
      if (session !== undefined && (fresh || (await renew(signal)))) return session;
      const startedAt = performance.now();
      session = await sessions.create({name, ttlMs}, signal);
      renewedAt = startedAt;
      return session;
    },
    renew,
    drop: () => {
      const dropped = session;
      session = undefined;
      return dropped;
    },
  };
};
