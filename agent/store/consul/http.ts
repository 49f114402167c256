import http, {type IncomingMessage} from 'node:http';
import {https} from '../../host/http/lazy.ts';
import {refused, unreachable} from '../key.ts';
import {credentialReader} from './credentials.ts';
import {responseTo, textOf, withDeadline} from './exchange.ts';
import {addressOf, type ConsulSettings} from './settings.ts';

export interface ConsulRequest {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  /** `/v1/…`, made of characters that need no escape */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** statuses that are answers of this request, beside 200 and 404 */
  readonly accept?: readonly number[];
  /** for a blocking query: how long Consul may hold it */
  readonly waitMs?: number;
}

export interface HttpTuning {
  /** from the begin of a call to the last byte of its answer */
  readonly callDeadlineMs?: number;
}

export interface ConsulReply {
  readonly status: number;
  /** `X-Consul-Index`, 0 when there is none that is a whole number above 0 */
  readonly index: number;
  readonly text: string;
  /** Consul left out what the token may not read; it says so since 1.11 (`X-Consul-Results-Filtered-By-ACLs`) */
  readonly filtered: boolean;
}

export interface ConsulHttp {
  readonly name: string;
  /** Throws `store.unreachable` (no answer, no leader, overload) or `store.refused` (not permitted, not understood). */
  send(request: ConsulRequest, signal: AbortSignal): Promise<ConsulReply>;
  close(): void;
}

const DEADLINE_MS = 10_000;
/** At most so many connections for calls; each blocking query has one of its own, as Consul cannot share it. */
const CALL_SOCKETS = 4;

/** A client for Consul's HTTP interface. Every request has a deadline from its begin to the last byte of the answer. */
export const openConsulHttp = (
  settings: ConsulSettings,
  {callDeadlineMs = DEADLINE_MS}: HttpTuning = {},
): ConsulHttp => {
  const {name, secure, target} = addressOf(settings);
  const credentials = credentialReader(name, settings);
  const {Agent, request} = secure ? https() : http;
  const calls = new Agent({keepAlive: true, maxSockets: CALL_SOCKETS});
  const queries = new Agent({keepAlive: true});

  const exchange = async (asked: ConsulRequest, signal: AbortSignal): Promise<ConsulReply> => {
    const {token, ...tls} = await credentials();
    const agent = asked.waitMs === undefined ? calls : queries;
    const {method, path, query = {}, body} = asked;
    const search = new URLSearchParams(query).toString();
    // TLS files are part of the agent's key for connections: after a rotation new ones are made by themselves
    const options = {
      ...target,
      ...tls,
      agent,
      signal,
      method,
      path: search === '' ? path : `${path}?${search}`,
    };
    const headers = token === undefined ? {} : {'X-Consul-Token': token};
    const begin = () => request({...options, headers});
    const response = await responseTo(begin, {body, repeatable: method === 'GET'});
    return {...headOf(response), text: await textOf(name, response)};
  };
  return {
    name,
    send: async (asked, signal) => {
      signal.throwIfAborted();
      const deadlineMs = callDeadlineMs + (asked.waitMs ?? 0) * (1 + 1 / 16); // Consul adds up to a sixteenth
      const reply = await withDeadline({store: name, deadlineMs}, ending => exchange(asked, ending), signal);
      const fine = [200, 404, ...(asked.accept ?? [])].includes(reply.status);
      if (!fine) throw failureOf(name, reply);
      if (reply.filtered) throw refused(name, `its token may not read all of ${asked.path}`);
      return reply;
    },
    close: () => {
      calls.destroy();
      queries.destroy();
    },
  };
};

/** What an answer with this status means: `store.refused` when repeating it is of no use, else `store.unreachable`. */
export const failureOf = (store: string, {status, text}: Pick<ConsulReply, 'status' | 'text'>): Error => {
  const said = text.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
  const cause = said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`;
  const denied = /permission denied|ACL not found/i.test(said);
  const transient = (status >= 500 && !denied) || status === 429 || status < 400;
  return transient ? unreachable(store, cause) : refused(store, cause);
};

const headOf = ({statusCode = 0, headers}: IncomingMessage): Omit<ConsulReply, 'text'> => ({
  status: statusCode,
  index: indexOf(String(headers['x-consul-index'])),
  filtered: headers['x-consul-results-filtered-by-acls'] === 'true',
});

const indexOf = (header: string): number => {
  const index = /^[0-9]{1,16}$/.test(header) ? Number(header) : 0;
  return Number.isSafeInteger(index) ? index : 0;
};
