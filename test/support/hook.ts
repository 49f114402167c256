import {once} from 'node:events';
import {createServer, type IncomingHttpHeaders, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Respond = (response: ServerResponse, count: number) => void;

const fine: Respond = response => void response.writeHead(204).end();

/** A receiver of webhooks on loopback, with what it got; `respond` answers the n-th call, from 1. */
export const startHook = async (
  t: {teardown(end: () => void): void},
  respond: Respond = fine,
): Promise<{readonly url: string; readonly posted: readonly Posted[]; answer(next: Respond): void}> => {
  const posted: Posted[] = [];
  let now = respond;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const {method, url = '', headers} = request;
    posted.push({path: `${method} ${url}`, headers, body: Buffer.concat(chunks).toString()});
    now(response, posted.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const answer = (next: Respond): void => {
    now = next;
  };
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, posted, answer};
};
