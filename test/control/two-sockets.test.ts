/** Who may look cannot change, and who changes is named by the kernel: real sockets, real users. */
import {once} from 'node:events';
import {chmod, stat} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {execa} from 'execa';
import t, {type Test} from 'tap';
import {ask, NoAnswerError} from '../../agent/control/client.ts';
import {operatePathOf, type Request} from '../../agent/control/protocol.ts';
import {serveControl} from '../../agent/control/server.ts';
import {unmet} from '../support/needs.ts';
import {fakeControls, NEW, sampleReport} from '../support/sample-report.ts';
import {temporaryFolder} from '../support/temporary.ts';

/** Two groups that every Debian has, in the places of ours. */
const GROUPS = {look: 'games', operate: 'users'} as const;
const GID = {games: 60, users: 100} as const;
const NOBODY = 65_534;
const STRANGER = 31_337;

const CHANGES = [
  {verb: 'hold', by: 'root', note: 'mine now'},
  {verb: 'resume', by: 'root'},
  {verb: 'rollback', by: 'root'},
  {verb: 'retry', by: 'root'},
  {verb: 'leave'},
  {verb: 'resolve', name: 'main'},
  {verb: 'deploy', by: 'root', release: NEW},
] as const satisfies readonly Request[];

const start = async (t: Test) => {
  const folder = await temporaryFolder(t);
  await chmod(folder, 0o755);
  const path = join(folder, 'control.sock');
  const {controls, requests} = fakeControls();
  const resolve = async () => NEW;
  const server = await serveControl({path, controls, resolve, groups: GROUPS}, new AbortController().signal);
  t.teardown(() => server.close());
  return {path, operate: operatePathOf(path), requests};
};

const CLIENT = `
  my ($path, $json) = @ARGV;
  my $socket = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Peer => $path) or print("$!"), exit;
  print $socket $json; $socket->shutdown(1); print <$socket>;`;

/** Sends a request as another user and gives the answer, or why there was none. */
const as = async (
  {uid, group}: {readonly uid: number; readonly group?: keyof typeof GID},
  path: string,
  request: Request,
): Promise<string> => {
  const groups = group ? `--groups=${GID[group]}` : '--clear-groups';
  const user = [`--reuid=${uid}`, `--regid=${uid}`, groups];
  const client = ['perl', '-MIO::Socket::UNIX', '-e', CLIENT, path, JSON.stringify(request)];
  return (await execa('setpriv', [...user, ...client], {timeout: 20_000})).stdout;
};

const byOf = (requests: readonly unknown[]): readonly unknown[] =>
  requests.map(request => (request as {by?: unknown}).by);

t.test('each socket is for its own group', {skip: unmet('root')}, async t => {
  const {path, operate} = await start(t);
  for (const [socket, group] of [
    [path, GROUPS.look],
    [operate, GROUPS.operate],
  ] as const) {
    const {mode, uid, gid} = await stat(socket);
    t.same({mode: mode & 0o777, uid, gid}, {mode: 0o660, uid: 0, gid: GID[group]}, socket);
  }
});

t.test('who may only look changes nothing, on no socket', {skip: unmet('root')}, async t => {
  const {path, operate, requests} = await start(t);
  const looker = {uid: NOBODY, group: GROUPS.look};
  t.match(JSON.parse(await as(looker, path, {verb: 'status'})), {ok: true, value: sampleReport()});
  t.match(JSON.parse(await as(looker, path, {verb: 'history', limit: 3})), {ok: true});
  await Promise.all(
    CHANGES.map(async request => {
      t.match(JSON.parse(await as(looker, path, request)), {
        ok: false,
        refusal: {kind: 'control.look-only', text: `"${request.verb}" is asked on ${operate}`},
      });
      t.equal(await as(looker, operate, request), 'Permission denied', request.verb);
    }),
  );
  t.equal(await as({uid: STRANGER}, path, {verb: 'status'}), 'Permission denied');
  t.same(requests, []);
});

t.test('who may change does, under the name that the kernel knows', {skip: unmet('root')}, async t => {
  const {operate, requests} = await start(t);
  const hold = (by: string): Request => ({verb: 'hold', by, note: 'x'});
  await as({uid: NOBODY, group: GROUPS.operate}, operate, hold('root'));
  await as({uid: STRANGER, group: GROUPS.operate}, operate, hold('nobody'));
  await as({uid: 0}, operate, hold('ada'));
  await as({uid: 0}, operate, hold('root'));
  t.same(byOf(requests), ['nobody (65534)', 'user 31337', 'root (0), says ada', 'root (0)']);
});

t.test('many at once are each told from the others', {skip: unmet('root')}, async t => {
  const {operate, requests} = await start(t);
  const users = [NOBODY, STRANGER, 0].flatMap(uid => Array.from({length: 5}, () => uid));
  await Promise.all(
    users.map((uid, index) =>
      as({uid, group: GROUPS.operate}, operate, {verb: 'hold', by: `${uid}`, note: `${index}`}),
    ),
  );
  t.equal(requests.length, users.length);
  const expected = new Map([
    [0, 'root (0), says 0'],
    [NOBODY, 'nobody (65534)'],
    [STRANGER, 'user 31337'],
  ]);
  for (const request of requests as readonly {by: string; note: string}[])
    t.equal(request.by, expected.get(users[Number(request.note)] ?? -1));
});

t.test('one that is gone before it is named is named all the same', {skip: unmet('root')}, async t => {
  const {operate, requests} = await start(t);
  const gone = CLIENT.replace('print <$socket>', 'close $socket');
  const request = JSON.stringify({verb: 'hold', by: 'root', note: 'x'});
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, `--groups=${GID.users}`];
  await execa('setpriv', [...user, 'perl', '-MIO::Socket::UNIX', '-e', gone, operate, request]);
  await as({uid: 0}, operate, {verb: 'hold', by: 'root', note: 'last'});
  // it may have been gone too early to be heard at all, and is never somebody else
  t.notMatch(byOf(requests).slice(0, -1), ['root']);
  for (const by of byOf(requests)) t.match(by, /^(?:nobody \(65534\)|unnamed, says root|root \(0\))$/);
});

t.test('agentctl of this package finds an agent from before there were two sockets', async t => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'control.sock');
  const old = createServer({allowHalfOpen: true}, socket => {
    socket.resume().on('end', () => socket.end('{"ok":true,"value":true}'));
  });
  old.listen(path);
  await once(old, 'listening');
  t.teardown(() => old.close());
  t.same(await ask(path, {verb: 'leave'}), {ok: true, value: true}, 'with no second socket');
  const left = createServer().listen(operatePathOf(path));
  await once(left, 'listening');
  await execa('cp', ['--attributes-only', '-a', operatePathOf(path), `${path}.kept`]);
  left.close();
  await once(left, 'close');
  await execa('mv', [`${path}.kept`, operatePathOf(path)]);
  t.same(await ask(path, {verb: 'leave'}), {ok: true, value: true}, 'and with one that nobody listens on');
});

t.test('agentctl from before there were two sockets is told where to ask', {skip: unmet('root')}, async t => {
  const {path, operate} = await start(t);
  const answer = await as({uid: 0}, path, {verb: 'hold', by: 'ada', note: 'x'});
  t.match(JSON.parse(answer), {ok: false, refusal: {text: new RegExp(`asked on ${operate}, by root`)}});
});

t.test('no agent at all is one error, of the socket that everybody knows', async t => {
  const path = join(await temporaryFolder(t), 'control.sock');
  await t.rejects(ask(path, {verb: 'resume', by: 'ada'}), NoAnswerError);
  await t.rejects(ask(path, {verb: 'resume', by: 'ada'}), /control\.sock: there is no such socket/);
});
