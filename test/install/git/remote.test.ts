import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {chmodSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:net';
import {dirname, join} from 'node:path';
import t from 'tap';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {serveGit} from './http.ts';
import {expectedTree, git, host, kindOf, mirrorOf, never, origin, treeOf} from './support.ts';

const SECRET = 'se:cr et';
const basic = (user: string) => `Basic ${Buffer.from(`${user}:${SECRET}`).toString('base64')}`;

t.test(
  'over smart http one revision comes alone, without history, and what is known is not sent again',
  async t => {
    const app = await origin(t);
    const one = app.commit({a: 'a', big: 'x'.repeat(5_000)});
    const two = app.commit({a: 'b'});
    app.commit({a: 'c'});
    const {url, requests} = await serveGit(t, dirname(app.path));
    const {installer, slot, stateDir} = await host(t, {url: `${url}/origin`});
    await installer.stage(slot('one', one), never);
    await installer.stage(slot('two', two), never);
    t.equal(treeOf(slot('two', two).directory), expectedTree(app.path, two));
    t.ok(requests.every(request => request.endsWith(' version=2')));
    const mirror = mirrorOf(stateDir);
    const commits = git(mirror, 'cat-file', '--batch-all-objects', '--batch-check')
      .split('\n')
      .filter(line => line.includes(' commit '));
    t.equal(commits.length, 2);
    t.equal(readdirSync(join(mirror, 'objects/pack')).filter(name => name.endsWith('.pack')).length, 2);
    const before = requests.length;
    await installer.stage(slot('three', two), never);
    t.equal(requests.length, before, 'a fetched revision needs no network');
  },
);

t.test(
  'a server without protocol 2 refuses single revisions, which is said and not worked around',
  async t => {
    const app = await origin(t);
    const one = app.commit({a: 'a'});
    const two = app.commit({a: 'b'});
    const {url} = await serveGit(t, dirname(app.path), {old: true});
    const {installer, slot} = await host(t, {url: `${url}/origin`});
    t.equal(await kindOf(installer.stage(slot('one', one), never)), 'git.exact-refused');
    t.equal(
      await kindOf(installer.stage(slot('two', two), never)),
      'no error',
      'the tip of a branch is given',
    );
  },
);

t.test(
  'credentials reach the configured host only, and no argument, log line or file of the mirror',
  async t => {
    const app = await origin(t);
    const revision = app.commit({a: 'a'});
    const {url} = await serveGit(t, dirname(app.path), {authorization: basic('deploy')});
    const credentialFile = join(await temporaryFolder(t), 'credential');
    writeFileSync(credentialFile, `deploy:${SECRET}\n`, {mode: 0o600});
    const settings = {url: `${url}/origin`, credentialFile};
    const {installer, slot, stateDir, said} = await host(t, settings);
    await installer.stage(slot('one', revision), never);
    t.equal(treeOf(slot('one', revision).directory), expectedTree(app.path, revision));
    t.notMatch(said().join('\n'), SECRET);
    t.throws(() => execFileSync('grep', ['-rF', '-e', SECRET, stateDir]), /Command failed/);
  },
);

t.test('a bare token, wrong credentials and none at all', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const token = `Basic ${Buffer.from('x-access-token:t0ken').toString('base64')}`;
  const {url} = await serveGit(t, dirname(app.path), {authorization: token});
  const credentialFile = join(await temporaryFolder(t), 'credential');
  const {installer, slot} = await host(t, {url: `${url}/origin`, credentialFile});
  const stage = () => kindOf(installer.stage(slot('one', revision), never));
  t.equal(await stage(), 'git.credentials', 'the file is not there');
  writeFileSync(credentialFile, 'wrong');
  chmodSync(credentialFile, 0o644);
  t.equal(await stage(), 'git.credentials', 'others may read it');
  chmodSync(credentialFile, 0o400);
  t.equal(await stage(), 'git.auth-refused');
  chmodSync(credentialFile, 0o600);
  writeFileSync(credentialFile, 't0ken');
  t.equal(await stage(), 'no error', 'the file is read at the moment of use');
  const anonymous = await host(t, {url: `${url}/origin`});
  t.equal(
    await kindOf(anonymous.installer.stage(anonymous.slot('one', revision), never)),
    'git.auth-refused',
  );
});

t.test('a redirect is not followed: the credentials are for one host', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const other = await serveGit(t, dirname(app.path));
  const {url} = await serveGit(t, dirname(app.path), {redirect: other.url});
  const {installer, slot} = await host(t, {url: `${url}/origin`});
  t.equal(await kindOf(installer.stage(slot('one', revision), never)), 'git.unreachable');
  t.same(other.requests, []);
});

t.test('a transfer that stalls ends at the deadline, and one that nobody wants any more at once', async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  const {url, requests} = await serveGit(t, dirname(app.path), {stall: true});
  const impatient = await host(t, {url: `${url}/origin`, timeoutMs: 1_500});
  t.equal(await kindOf(impatient.installer.stage(impatient.slot('one', revision), never)), 'git.stalled');
  const {installer, slot, stateDir} = await host(t, {url: `${url}/origin`});
  const before = requests.length;
  const controller = new AbortController();
  const staged = t.rejects(installer.stage(slot('one', revision), controller.signal), {name: 'AbortError'});
  await eventually('the transfer', () => requests.slice(before).some(request => request.startsWith('POST')));
  const helpers = () => processesOf(stateDir);
  t.ok(helpers().some(command => command.includes('git-remote-http')));
  controller.abort();
  await staged;
  await eventually('the end of git and its helpers', () => helpers().length === 0);
});

t.test('nobody listens', async t => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as {port: number};
  await once(server.close(), 'close');
  const {installer, slot} = await host(t, {url: `http://127.0.0.1:${port}/app.git`});
  t.equal(await kindOf(installer.stage(slot('one', 'a'.repeat(40)), never)), 'git.unreachable');
});

t.test('a damaged mirror is made anew once, from the remote', async t => {
  const app = await origin(t);
  const one = app.commit({a: randomBytes(3_000), b: 'b'});
  const two = app.commit({a: randomBytes(3_000)});
  const {installer, slot, stateDir, said} = await host(t, app);
  await installer.stage(slot('one', one), never);
  const mirror = mirrorOf(stateDir);
  const packs = join(mirror, 'objects/pack');
  const damage = (change: (content: Buffer) => Buffer) => {
    for (const name of readdirSync(packs).filter(each => each.endsWith('.pack'))) {
      chmodSync(join(packs, name), 0o600);
      writeFileSync(join(packs, name), change(readFileSync(join(packs, name))));
    }
  };
  damage(content => content.fill(7, content.length - 1_000, content.length - 100));
  await installer.stage(slot('two', one), never);
  t.equal(treeOf(slot('two', one).directory), expectedTree(app.path, one));
  t.equal(
    said().filter(line => /mirror of the git repository is damaged.*making it anew/.test(line)).length,
    1,
  );
  damage(() => Buffer.from('rubbish'));
  await installer.prune([slot('two', one)], never);
  await installer.stage(slot('three', two), never);
  t.equal(treeOf(slot('three', two).directory), expectedTree(app.path, two));
  writeFileSync(join(mirror, 'config'), 'rubbish [');
  await installer.prune([slot('three', two)], never);
  t.match(said().at(-1), /it is made anew when it is needed/);
  await installer.stage(slot('again', two), never);
  t.equal(treeOf(slot('again', two).directory), expectedTree(app.path, two));
  writeFileSync(join(mirror, 'HEAD'), '');
  await installer.stage(slot('four', two), never);
  t.equal(treeOf(slot('four', two).directory), expectedTree(app.path, two));
});

t.test('locks of a git that was killed do not stop the next run', async t => {
  const app = await origin(t);
  const one = app.commit({a: 'a'});
  const two = app.commit({a: 'b'});
  const {installer, slot, stateDir} = await host(t, app);
  await installer.stage(slot('one', one), never);
  const mirror = mirrorOf(stateDir);
  for (const lock of ['shallow.lock', 'packed-refs.lock', `refs/releases/${two}.lock`])
    writeFileSync(join(mirror, lock), '');
  await installer.stage(slot('two', two), never);
  t.ok(existsSync(slot('two', two).directory));
});

const processesOf = (stateDir: string): readonly string[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        const environment = readFileSync(join('/proc', pid, 'environ'), 'utf8');
        return environment.includes(stateDir)
          ? [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')]
          : [];
      } catch {
        return [];
      }
    });
