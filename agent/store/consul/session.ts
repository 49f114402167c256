import * as v from 'valibot';
import type {ConsulHttp} from './http.ts';
import {jsonOf, sessionIdSchema} from './kv.ts';

export interface Sessions {
  /** A session that lives by its TTL alone, and whose keys are deleted with it. */
  create(session: {readonly name: string; readonly ttlMs: number}, signal: AbortSignal): Promise<string>;
  /** The TTL in milliseconds that the server wants, or null when the session is gone. */
  renew(id: string, signal: AbortSignal): Promise<number | null>;
  destroy(id: string, signal: AbortSignal): Promise<void>;
}

/** The longest TTL that Consul gives a session. */
export const TTL_MAX_MS = 86_400_000;

const UNITS: Readonly<Record<string, number>> = {h: 3_600_000, m: 60_000, s: 1_000, ms: 1};
const PART = /(\d{1,9}(?:\.\d{1,9})?)(ms|h|m|s)/g;

/** Milliseconds of a duration as Go writes it: `15s`, `1m30s`, `500ms`. */
const durationMs = (text: string): number =>
  [...text.matchAll(PART)]
    .map(([, count, unit]) => Number(count) * (UNITS[unit ?? ''] ?? 0))
    .reduce((sum, ms) => sum + ms, 0);

const CREATED = v.object({ID: sessionIdSchema});
const ttl = v.pipe(
  v.string(),
  v.regex(new RegExp(`^(?:${PART.source})+$`)),
  v.transform(durationMs),
  v.minValue(1),
  v.maxValue(TTL_MAX_MS),
);
const RENEWED = v.tuple([v.object({TTL: ttl})]);

/**
 * Consul's sessions. No checks: the default `serfHealth` would end them at each restart of the local Consul agent. No lock
 * delay: what a key of ours says is fenced by the ledger, and a host that restarts must get its own key back at once.
 * The server ends a session after up to twice its TTL (agent/consul/session_ttl.go).
 */
export const consulSessions = (http: ConsulHttp): Sessions => ({
  create: async ({name, ttlMs}, signal) => {
    const session = {Name: name, TTL: `${ttlMs}ms`, Behavior: 'delete', LockDelay: '0s', Checks: []};
    const body = JSON.stringify(session);
    const reply = await http.send({method: 'PUT', path: '/v1/session/create', body}, signal);
    return jsonOf(http.name, CREATED, reply).ID;
  },
  renew: async (id, signal) => {
    const reply = await http.send({method: 'PUT', path: `/v1/session/renew/${id}`}, signal);
    if (reply.status === 404) return null;
    return jsonOf(http.name, RENEWED, reply)[0].TTL;
  },
  destroy: async (id, signal) => {
    await http.send({method: 'PUT', path: `/v1/session/destroy/${id}`}, signal);
  },
});
