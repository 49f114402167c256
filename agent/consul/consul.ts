/** The one client of Consul's HTTP interface: the store and traffic are built on it. */
import type {ConsulPlace} from '../config/settings.ts';
import {type HttpAnswer, httpCall} from '../host/http/http.ts';
import {createPool} from '../host/http/pool.ts';
import {addressOf} from './address.ts';
import {credentialReader} from './credentials.ts';
import {ConsulError, failureOf, unreachable} from './error.ts';

export interface ConsulRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** `/v1/…`, made of characters that need no escape */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** statuses that are answers of this request, beside 200 */
  readonly accept?: readonly number[];
  /** for a blocking query: how long Consul may hold it */
  readonly waitMs?: number;
  /** doing it twice is doing it once; so are GETs unless told */
  readonly repeatable?: boolean;
}

export interface ConsulReply {
  readonly status: number;
  /** `X-Consul-Index`, 0 when there is none that is a whole number above 0 */
  readonly index: number;
  readonly text: string;
  /** how long ago the server that answered heard of a leader (0 when it is the leader), ms; infinite when it knows of none */
  readonly behindMs: number;
  /** Consul left out what the token may not read; it says so since 1.11 (`X-Consul-Results-Filtered-By-ACLs`) */
  readonly filtered: boolean;
}

export interface Consul {
  /** what messages call it: `host:port`, or the path of its socket */
  readonly name: string;
  /** Throws a `ConsulError`, and the signal's own error when it is aborted. */
  send(request: ConsulRequest, signal: AbortSignal): Promise<ConsulReply>;
  /** ends the connections that are kept */
  close(): void;
}

export interface ConsulOptions {
  /** of one request */
  readonly deadlineMs: number;
  /** where the place names no file of one */
  readonly token?: string | undefined;
}

const ANSWER_LIMIT = 64 * 1_048_576;
/** At most so many connections for calls; each blocking query has one of its own, as Consul cannot share it. */
const CALL_SOCKETS = 4;

/**
 * A client for Consul at this place, which is not contacted yet. Every request has a deadline from its begin to the last byte of
 * the answer. Throws a `ConsulError` for a place that cannot work.
 */
export const openConsul = (place: ConsulPlace, {deadlineMs, token: given}: ConsulOptions): Consul => {
  const {name, base} = addressOf(place);
  const credentials = credentialReader(place);
  const calls = createPool({maxSockets: CALL_SOCKETS});
  const queries = createPool();

  const call = async (asked: ConsulRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    const {token = given, ...tls} = await credentials();
    const {method, query = {}, body, waitMs, repeatable} = asked;
    const search = new URLSearchParams(query).toString();
    const path = search === '' ? asked.path : `${asked.path}?${search}`;
    const headers = token === undefined ? {} : {'x-consul-token': token};
    const timeoutMs = deadlineMs + (waitMs ?? 0) * (1 + 1 / 16); // Consul adds up to a sixteenth
    const pool = waitMs === undefined ? calls : queries;
    // TLS files are part of a pool's key for connections: after a rotation new ones are made by themselves
    const http = {base, path, method, headers, timeoutMs, maxBytes: ANSWER_LIMIT, tls, pool};
    return httpCall({...http, ...(body !== undefined && {body}), ...(repeatable && {repeatable})}, signal);
  };
  return {
    name,
    send: async (asked, signal) => {
      signal.throwIfAborted();
      const reply = replyOf(await orUnreachable(() => call(asked, signal), signal));
      if (reply.status !== 200 && !asked.accept?.includes(reply.status)) throw failureOf(reply);
      return reply;
    },
    close: () => {
      calls.close();
      queries.close();
    },
  };
};

const orUnreachable = async <T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConsulError) throw error;
    throw unreachable(error instanceof Error ? error.message : String(error), {cause: error});
  }
};

const replyOf = ({status, headers, body}: HttpAnswer): ConsulReply => ({
  status,
  text: body,
  index: indexOf(headers['x-consul-index'] ?? ''),
  behindMs: behindOf(headers),
  filtered: headers['x-consul-results-filtered-by-acls'] === 'true',
});

const behindOf = (headers: HttpAnswer['headers']): number => {
  const contact = headers['x-consul-lastcontact'] ?? '';
  const knows = headers['x-consul-knownleader'] === 'true' && /^[0-9]{1,12}$/.test(contact);
  return knows ? Number(contact) : Number.POSITIVE_INFINITY;
};

const indexOf = (header: string): number => {
  const index = /^[0-9]{1,16}$/.test(header) ? Number(header) : 0;
  return Number.isSafeInteger(index) ? index : 0;
};
