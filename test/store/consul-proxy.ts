import http, {type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {buffer} from 'node:stream/consumers';

type Teardown = {teardown(end: () => Promise<void>): void};

/** What the proxy does with the requests that come next. */
export type Behaviour =
  | {readonly do: 'pass'}
  /** passes the head and half of the body, then the connection dies */
  | {readonly do: 'cut'}
  /** passes the head and half of the body, then nothing more */
  | {readonly do: 'stall'}
  | {readonly do: 'hang'}
  | {
      readonly do: 'answer';
      readonly status: number;
      readonly text: string;
      readonly headers?: Record<string, string>;
    };

export interface Proxy {
  readonly address: string;
  behave(behaviour: Behaviour): void;
  /** `GET /v1/kv/…` of every request so far */
  readonly requests: string[];
  sockets(): number;
  /** closes every connection, as a server that dies */
  drop(): void;
}

/** Answers requests as a Consul would that misbehaves: counts, cuts, hangs and lies. */
export const createBehaving = (upstream: string) => {
  let behaviour: Behaviour = {do: 'pass'};
  const requests: string[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    serve({behaviour, upstream, request, response}).catch(() => request.socket.destroy());
  };
  const behave = (next: Behaviour): void => {
    behaviour = next;
  };
  return {listener, behave, requests};
};

/** Stands between a client and Consul on loopback. */
export const startProxy = async (t: Teardown, upstream: string): Promise<Proxy> => {
  let sockets = 0;
  const {listener, behave, requests} = createBehaving(upstream);
  const server = http.createServer(listener);
  server.on('connection', socket => {
    sockets += 1;
    socket.on('close', () => {
      sockets -= 1;
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave,
    requests,
    sockets: () => sockets,
    drop: () => server.closeAllConnections(),
  };
};

interface Serving {
  readonly behaviour: Behaviour;
  readonly upstream: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const serve = async ({behaviour, upstream, request, response}: Serving): Promise<void> => {
  if (behaviour.do === 'hang') return;
  if (behaviour.do === 'answer')
    return void response.writeHead(behaviour.status, behaviour.headers).end(behaviour.text);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const passed = http.request(upstream + request.url, {
    method: request.method ?? 'GET',
    headers: request.headers,
    agent: false,
    signal: gone.signal,
  });
  passed.end(await buffer(request));
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    passed.on('response', resolve).on('error', reject),
  );
  const body = await buffer(answer);
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  if (behaviour.do === 'pass') return void response.end(body);
  const half = body.subarray(0, body.length / 2);
  if (behaviour.do === 'stall') return void response.write(half);
  response.write(half, () => request.socket.destroy());
};
