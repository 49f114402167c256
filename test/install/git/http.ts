import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

export interface Serving {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** method, path and protocol of each request */
  readonly requests: readonly string[];
}

interface Behaviour {
  /** what the Authorization header must be */
  readonly authorization?: string;
  /** protocol 0: what a server answers that does not know protocol 2 */
  readonly old?: boolean;
  /** answers the transfer of objects with its head and then nothing */
  readonly stall?: boolean;
  readonly redirect?: string;
}

/** Serves the repositories below `root` with git's own http-backend (RFC 3875), one process per request. */
export const serveGit = async (
  t: {teardown(end: () => void): void},
  root: string,
  behaviour: Behaviour = {},
): Promise<Serving> => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers['git-protocol'] ?? '-'}`);
    answer(root, behaviour, request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(() => void server.close().closeAllConnections());
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests};
};

const answer = (root: string, behaviour: Behaviour, request: IncomingMessage, response: ServerResponse) => {
  const {authorization, stall, redirect} = behaviour;
  if (redirect !== undefined) response.writeHead(302, {location: `${redirect}${request.url}`}).end();
  else if (authorization !== undefined && request.headers.authorization !== authorization)
    response.writeHead(401, {'www-authenticate': 'Basic realm="git"'}).end();
  else if (stall && request.method === 'POST')
    response.writeHead(200, {'content-type': 'application/x-git-upload-pack-result'}).write('0000');
  else backend(root, behaviour, request, response);
};

const backend = (root: string, {old}: Behaviour, request: IncomingMessage, response: ServerResponse) => {
  const {pathname, search} = new URL(request.url ?? '/', 'http://git');
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: old ? '' : String(request.headers['git-protocol'] ?? ''),
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method ?? 'GET',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    },
  });
  request.pipe(child.stdin).on('error', () => {});
  void relay(child.stdout, response);
};

const relay = async (output: AsyncIterable<Buffer>, response: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = [];
  for await (const chunk of output) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\r\n\r\n');
  const headers = new Map(
    all
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map(line => line.split(/:\s*/, 2) as [string, string]),
  );
  const status = Number.parseInt(headers.get('Status') ?? '200', 10);
  headers.delete('Status');
  response.writeHead(status, Object.fromEntries(headers)).end(all.subarray(end + 4));
};
