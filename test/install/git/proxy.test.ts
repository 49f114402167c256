/** git through a real proxy on loopback: forwarded requests, tunnels, and the environment that the agent was started with. */
import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import {createServer, request as send} from 'node:http';
import type {AddressInfo} from 'node:net';
import {dirname, join} from 'node:path';
import t from 'tap';
import {reasonText} from '../../../agent/core/reason.ts';
import {proxyEnvironment} from '../../../agent/install/git/mirror/proxy.ts';
import {reasonFrom} from '../../support/reason-from.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {serveGit} from './http.ts';
import {expectedTree, host, kindOf, never, origin, type Test, treeOf} from './support.ts';

const SECRET = 'pass w:rd';
const ALLOWED = `Basic ${Buffer.from(`ada:${SECRET}`).toString('base64')}`;

/** A proxy that forwards http and only notes tunnels; with a password, unless told. */
const startProxy = async (t: Test, {open = false} = {}) => {
  const seen: string[] = [];
  const isLetIn = (header: string | undefined) => open || header === ALLOWED;
  const challenge = {'proxy-authenticate': 'Basic realm="proxy"'};
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] === ALLOWED}`);
    if (!isLetIn(request.headers['proxy-authorization']))
      return void response.writeHead(407, challenge).end();
    const {hostname, port, pathname, search} = new URL(request.url ?? '');
    const {method, headers} = request;
    const onward = send({hostname, port, path: pathname + search, method, headers}, answer => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] === ALLOWED}`);
    const ok = isLetIn(request.headers['proxy-authorization']);
    socket.end(
      ok ? 'HTTP/1.1 503 no\r\n\r\n' : 'HTTP/1.1 407 no\r\nProxy-Authenticate: Basic realm="p"\r\n\r\n',
    );
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.teardown(async () => void server.close().closeAllConnections());
  return {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen};
};

const setUp = async (t: Test & {teardown(end: () => void): void}) => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const {url} = await serveGit(t, dirname(app.path));
  return {app, revision, url: `${url}/origin`};
};

t.test('a proxy with a password forwards every request, and the password is nowhere else', async t => {
  const {app, revision, url} = await setUp(t);
  const proxy = await startProxy(t);
  const proxyCredentialFile = join(await temporaryFolder(t), 'proxy');
  writeFileSync(proxyCredentialFile, `ada:${SECRET}\n`, {mode: 0o600});
  const {installer, slot, stateDir, said} = await host(t, {url, proxy: proxy.url, proxyCredentialFile});
  await installer.stage(slot('one', revision), never);
  t.equal(treeOf(slot('one', revision).directory), expectedTree(app.path, revision));
  t.ok(
    proxy.seen.some(line => line === `POST ${url}/git-upload-pack true`),
    proxy.seen.join('\n'),
  );
  t.notMatch(said().join('\n'), SECRET);
  t.throws(() => execFileSync('grep', ['-rF', '-e', SECRET, stateDir]), /Command failed/);

  writeFileSync(proxyCredentialFile, 'ada:wrong');
  const refused = await reasonFrom(installer.stage(slot('two', app.commit({a: 'b'})), never));
  t.equal(refused.kind, 'git.auth-refused', reasonText(refused));
  t.notMatch(reasonText(refused), /wrong/);
});

t.test('the port of a proxy stays, also the one that goes without saying in a URL', async t => {
  const proxyCredentialFile = join(await temporaryFolder(t), 'proxy');
  writeFileSync(proxyCredentialFile, 'a@b:secret');
  const settings = {url: 'https://h/x', refs: [], timeoutMs: 1, proxy: 'http://h:80/', proxyCredentialFile};
  t.equal((await proxyEnvironment(settings)).https_proxy, 'http://a%40b@h:80');
});

t.test('an https remote is asked for through a tunnel', async t => {
  const proxy = await startProxy(t, {open: true});
  const {installer, slot} = await host(t, {url: 'https://git.invalid/app.git', proxy: proxy.url});
  t.equal(await kindOf(installer.stage(slot('one', 'a'.repeat(40)), never)), 'git.unreachable');
  t.equal(proxy.seen[0], 'CONNECT git.invalid:443 false');
});

t.test(
  "the agent's own environment names a proxy, and whom it is not for; the option counts more",
  async t => {
    const {revision, url, app} = await setUp(t);
    const [proxy, other] = [await startProxy(t, {open: true}), await startProxy(t, {open: true})];
    const stage = async (name: string, settings: {proxy?: string} = {}) => {
      const {installer, slot} = await host(t, {url, ...settings});
      t.equal(await kindOf(installer.stage(slot(name, revision), never)), 'no error', name);
    };
    const {HTTP_PROXY, NO_PROXY} = process.env;
    t.teardown(async () => void Object.assign(process.env, {HTTP_PROXY, NO_PROXY}));
    t.teardown(async () => {
      delete process.env.HTTP_PROXY;
      delete process.env.NO_PROXY;
    });
    process.env.HTTP_PROXY = proxy.url;
    process.env.NO_PROXY = '';
    await stage('by-environment');
    t.ok(proxy.seen.length > 0);
    await stage('by-option', {proxy: other.url});
    t.ok(other.seen.length > 0);
    const before = proxy.seen.length;
    process.env.NO_PROXY = '127.0.0.1';
    await stage('not-for-this');
    t.equal(proxy.seen.length, before);
    process.env.HTTP_PROXY = `http://ada:${encodeURIComponent(SECRET)}@127.0.0.1:1`;
    process.env.NO_PROXY = '';
    const {installer, slot} = await host(t, {url});
    const why = await reasonFrom(installer.stage(slot('nobody', app.commit({a: 'b'})), never));
    t.notMatch(reasonText(why), /pass%20|ada/);
  },
);
