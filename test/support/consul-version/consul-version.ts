/** A stand-in for versions of Consul that nobody packages for Debian: a real 1.8.7, with what later ones do otherwise laid over it. */
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer} from 'node:stream/consumers';
import {startConsul, type TestConsul} from '../consul.ts';
import {blockWhileMissing} from './missing-key.ts';
import {isFiltered} from './results-filtered.ts';
import {type Answer, type Asked, upstream} from './upstream.ts';

export const VERSIONS = ['1.8', '1.11', '1.15', '1.20'] as const;
export type Version = (typeof VERSIONS)[number];

export interface VersionedConsul {
  readonly address: string;
  readonly token?: string;
  readonly real: TestConsul;
  /** `GET /v1/…` of every request so far */
  readonly requests: readonly string[];
  /** Refuses so many requests that come next, as a server whose `limits.request_limits` are reached (1.15). */
  limit(requests: number): void;
}

type Teardown = Parameters<typeof startConsul>[0];

const at = (version: Version): number => Number(version.split('.')[1]);

/**
 * A Consul that behaves as one of this version towards its clients. What differs, by Consul's change log, pages and source:
 * - 1.10: `X-Consul-Query-Backend`.
 * - 1.11: `X-Consul-Results-Filtered-By-ACLs` to callers with a token (GH-11569), `X-Consul-Default-ACL-Policy`.
 * - 1.11.4: a query for a key that is not there blocks until it is (GH-12110).
 * - 1.12: an unknown service id is 404, not 500 (GH-10894); who lacks a right is told which (acl/errors.go).
 * - 1.15: `limits.request_limits`: 429 where another server may answer, 503 at the leader (docs: agent/limits).
 */
export const startVersion = async (
  t: Teardown,
  version: Version,
  {
    acl = false,
    config = {},
  }: {readonly acl?: boolean; readonly config?: Readonly<Record<string, unknown>>} = {},
): Promise<VersionedConsul> => {
  const real = await startConsul(t, {acl, config});
  const requests: string[] = [];
  let limited = 0;
  const behave = behaviour({version, real, acl});
  const server = http.createServer(async (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      const {method = 'GET', url = '/', headers} = request;
      const asked = {method, url: new URL(url, real.address), headers, body: await buffer(request)};
      limited -= 1;
      sent(response, limited >= 0 ? tooMany(method) : await behave(asked, gone.signal));
    } catch {
      request.socket.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise(resolve => server.once('listening', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...(real.token !== undefined && {token: real.token}),
    real,
    requests,
    limit: count => {
      if (at(version) >= 15) limited = count;
    },
  };
};

const sent = (response: http.ServerResponse, {status, headers, body}: Answer): void => {
  response.writeHead(status, headers).end(body);
};

const tooMany = (method: string): Answer => ({
  status: method === 'GET' ? 429 : 503,
  headers: {},
  body: Buffer.from(
    method === 'GET'
      ? 'rate limit exceeded, try again later or against a different server'
      : 'rate limit exceeded for operation that can only be performed by the leader, try again later',
  ),
});

interface Played {
  readonly version: Version;
  readonly real: TestConsul;
  readonly acl: boolean;
}

const behaviour =
  ({version, real, acl}: Played) =>
  async (asked: Asked, signal: AbortSignal): Promise<Answer> => {
    const minor = at(version);
    const answer = await (minor >= 12 ? blockWhileMissing : upstream)(asked, signal);
    const headers = {...answer.headers};
    if (minor >= 10 && headers['x-consul-index'] !== undefined)
      headers['x-consul-query-backend'] = 'blocking-query';
    if (minor >= 11) {
      headers['x-consul-default-acl-policy'] = acl ? 'deny' : 'allow';
      if (await isFiltered({asked, answer, token: real.token, minor}, signal))
        headers['x-consul-results-filtered-by-acls'] = 'true';
    }
    const {status, body} = retold(answer, minor);
    return {status, headers: withoutLength(headers), body};
  };

/** The same refusal in the words of a later version. */
const retold = ({status, body}: Answer, minor: number): {readonly status: number; readonly body: Buffer} => {
  const text = body.toString();
  const unknown = /^Unknown service .*"([^"]*)"/.exec(text)?.[1];
  if (minor >= 12 && unknown !== undefined)
    return {
      status: 404,
      body: Buffer.from(
        `Unknown service ID "${unknown}". Ensure that the service ID is passed, not the service name.`,
      ),
    };
  if (minor < 12 || !/permission denied/i.test(text)) return {status, body};
  const more = `: token with AccessorID '00000000-0000-0000-0000-000000000002' lacks permission`;
  return {
    status,
    body: Buffer.from(
      text.replace(
        /Permission denied(?:: Missing [^"]*)?/,
        `Permission denied${more} 'service:write' on 'x'`,
      ),
    ),
  };
};

const withoutLength = ({
  'content-length': _,
  'transfer-encoding': __,
  ...headers
}: http.IncomingHttpHeaders) => headers;
