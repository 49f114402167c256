import {type ChildProcessWithoutNullStreams, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {type ReleaseOptions, writeRelease} from '../application/releases.ts';
import {must} from '../run.ts';

export type GitServer = {
  /** `http://127.0.0.1:PORT/app.git` */
  readonly url: string;
  readonly bare: string;
  /** Clients, by address, that are answered with this status and nothing else. */
  readonly refused: Map<string, number>;
  readonly listener: RequestListener;
  /** Commits a release to the branch `main` and gives its full revision. */
  readonly commit: (release: ReleaseOptions) => Promise<string>;
  readonly stop: () => void;
};

/** A git server over smart HTTP (git's own http-backend) with one repository, `app.git`, under `dir`. */
export const startGitServer = async ({dir}: {dir: string}): Promise<GitServer> => {
  const [bare, work] = [join(dir, 'app.git'), join(dir, 'work')];
  await git('init', '--quiet', '--bare', '--initial-branch=main', bare);
  await git('init', '--quiet', '--initial-branch=main', work);
  const refused = new Map<string, number>();
  const listener = gitListener(dir, refused);
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const commit = async (release: ReleaseOptions) => {
    await writeRelease(work, release);
    await git('-C', work, 'add', '--all');
    await git('-C', work, ...AUTHOR, 'commit', '--quiet', '--allow-empty', '-m', `release ${release.name}`);
    await git('-C', work, 'push', '--quiet', bare, 'main');
    return (await git('-C', work, 'rev-parse', 'HEAD')).trim();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/app.git`;
  return {url, bare, refused, listener, commit, stop: () => server.close().closeAllConnections()};
};

const AUTHOR = ['-c', 'user.name=Lab', '-c', 'user.email=lab@localhost', '-c', 'commit.gpgsign=false'];
const QUIET = {GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null'};
const git = (...args: string[]): Promise<string> => must(['git', ...args], {env: QUIET});

const CHALLENGE = {'www-authenticate': 'Basic realm="lab"'};

/** Runs git-http-backend as the CGI program it is (RFC 3875), one process per request. */
const gitListener =
  (root: string, refused: ReadonlyMap<string, number>): RequestListener =>
  (message, response) => {
    const status = refused.get(message.socket.remoteAddress ?? '');
    if (status !== undefined) return void response.writeHead(status, CHALLENGE).end();
    const {pathname, search} = new URL(message.url ?? '/', 'http://git');
    const backend = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
      env: cgi({root, pathname, search, message}),
    });
    backend.on('error', () => response.destroy());
    message.pipe(backend.stdin).on('error', () => {});
    void relay(backend, response).catch(() => response.destroy());
  };

const cgi = ({
  root,
  pathname,
  search,
  message,
}: {
  root: string;
  pathname: string;
  search: string;
  message: IncomingMessage;
}) => ({
  PATH: process.env.PATH ?? '',
  ...QUIET,
  GIT_PROJECT_ROOT: root,
  GIT_HTTP_EXPORT_ALL: '1',
  GIT_PROTOCOL: String(message.headers['git-protocol'] ?? ''),
  PATH_INFO: pathname,
  QUERY_STRING: search.slice(1),
  REQUEST_METHOD: message.method ?? 'GET',
  CONTENT_TYPE: message.headers['content-type'] ?? '',
  HTTP_CONTENT_ENCODING: message.headers['content-encoding'] ?? '',
});

const relay = async (backend: ChildProcessWithoutNullStreams, response: ServerResponse): Promise<void> => {
  let head = Buffer.alloc(0);
  for await (const chunk of backend.stdout) {
    if (response.headersSent) {
      response.write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) continue;
    const headers = head
      .subarray(0, end)
      .toString()
      .split('\r\n')
      .map(line => line.split(/:\s*/, 2) as [string, string]);
    const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1];
    response.writeHead(
      Number.parseInt(status ?? '200', 10),
      Object.fromEntries(headers.filter(([name]) => name.toLowerCase() !== 'status')),
    );
    response.write(head.subarray(end + 4));
  }
  response.end();
};
