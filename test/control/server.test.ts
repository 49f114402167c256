import {once} from 'node:events';
import {rename, stat, writeFile} from 'node:fs/promises';
import {connect, createServer} from 'node:net';
import {join} from 'node:path';
import fc from 'fast-check';
import t, {type Test} from 'tap';
import {ask, NoAnswerError} from '../../agent/control/client.ts';
import {REQUEST_LIMIT, type Request} from '../../agent/control/protocol.ts';
import {type ServeOptions, serveControl} from '../../agent/control/server.ts';
import {reason} from '../../agent/core/reason.ts';
import {ReasonError} from '../../agent/core/reason-error.ts';
import {eventually} from '../support/eventually.ts';
import {fakeControls, NEW, named, sampleReport} from '../support/sample-report.ts';
import {temporaryFolder} from '../support/temporary.ts';

const start = async (t: Test, options: Partial<ServeOptions> = {}) => {
  const path = join(await temporaryFolder(t), 'control.sock');
  const {controls, requests} = fakeControls();
  const server = await serveControl({path, controls, ...options}, new AbortController().signal);
  t.teardown(() => server.close());
  return {path, requests, server};
};

/** Sends bytes as they are and gives what comes back. */
const send = async (path: string, bytes: string | Uint8Array): Promise<string> => {
  const socket = connect({path, allowHalfOpen: true});
  // the server may end its reading half while we still write
  socket.on('error', () => undefined);
  socket.end(bytes);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
};

t.test('every verb comes through, validated, and its answer back', async t => {
  const {path, requests} = await start(t, {resolve: async () => NEW});
  t.same(await ask(path, {verb: 'status'}), {ok: true, value: sampleReport()});
  t.same(await ask(path, {verb: 'history', limit: 5}), {ok: true, value: []});
  t.same(await ask(path, {verb: 'resolve', name: 'feature/x'}), {ok: true, value: NEW});
  const asked = [
    {verb: 'hold', by: 'ada', note: 'looking at it'},
    {verb: 'resume', by: 'ada'},
    {verb: 'rollback', by: 'ada'},
    {verb: 'retry', by: 'ada'},
    {verb: 'deploy', by: 'ada', release: NEW, message: 'fix'},
    {verb: 'deploy', by: 'ada', release: 'snap-0123456789abcdef0'},
  ] as const satisfies readonly Request[];
  for (const request of asked) t.match(await ask(path, request), {ok: true, value: /it/});
  t.same(
    requests,
    asked.map(request => ({...request, by: named('ada')})),
  );
});

t.test('what a verb does not take is refused with what was expected', async t => {
  const {path, requests} = await start(t);
  for (const [request, text] of [
    ['', /expected one JSON object, got nothing/],
    ['{"verb"', /expected one JSON object/],
    ['{"verb":"explode"}', /expected .*"status".* as verb, got "explode"/],
    ['[]', /expected Object|expected "status"|verb/],
    ['{"verb":"status","more":1}', /expected nothing as more/],
    ['{"verb":"hold","by":"ada"}', /note/],
    ['{"verb":"hold","by":"ada","note":" "}', /a note of 1 to 1000 characters on one line as note, got " "/],
    ['{"verb":"hold","by":"a\\nb","note":"x"}', /a name of 1 to 128 characters on one line as by/],
    [
      `{"verb":"deploy","by":"ada","release":"${NEW}","share":0}`,
      /a whole number of hosts from 1, or a percentage.* as share/,
    ],
    [`{"verb":"deploy","by":"ada","release":"${NEW}","force":["a b"]}`, /at most 100 instance ids as force/],
    ['{"verb":"deploy","by":"ada","release":"main"}', /expected a snapshot id.* as release, got "main"/],
    ['{"verb":"resolve","name":"--upload-pack=x"}', /the name of a branch or tag as name/],
    ['{"verb":"resolve","name":"a..b"}', /the name of a branch or tag as name/],
    ['{"verb":"history","limit":0}', /limit/],
  ] as const) {
    const response = JSON.parse(await send(path, request));
    t.match(response, {ok: false, refusal: {kind: 'control.request', text}}, request);
  }
  t.same(requests, []);
});

t.test('without [install.git] names are not resolved, full ids are', async t => {
  const {path} = await start(t);
  t.match(await ask(path, {verb: 'resolve', name: 'main'}), {refusal: {kind: 'release.kind-not-configured'}});
  t.same(await ask(path, {verb: 'resolve', name: NEW}), {ok: true, value: NEW});
});

t.test('a refusal and a failure of the agent arrive as reasons', async t => {
  const {controls} = fakeControls();
  const why = reason('operator.cannot-roll-back', {cause: 'there is no previous release'});
  const {path} = await start(t, {
    controls: {
      ...controls,
      rollback: async () => ({ok: false, reason: why}),
      retry: () => Promise.reject(new Error('disk on fire')),
    },
  });
  t.match(await ask(path, {verb: 'rollback', by: 'ada'}), {
    ok: false,
    refusal: {kind: why.kind, text: /no previous/},
  });
  t.match(await ask(path, {verb: 'retry', by: 'ada'}), {
    ok: false,
    refusal: {kind: 'unexpected', text: /disk on fire/},
  });
});

t.test('a request over the limit is refused and the next one is served', async t => {
  const {path} = await start(t);
  t.match(await send(path, ' '.repeat(REQUEST_LIMIT * 4)), /at most 65536 bytes/);
  t.match(await ask(path, {verb: 'status'}), {ok: true});
});

t.test('clients that send nothing, or leave, do not stay', async t => {
  const {path} = await start(t, {clientTimeoutMs: 100});
  const silent = connect(path);
  const half = connect(path);
  half.write('{"verb":');
  const gone = connect(path);
  gone.write('{"verb":"status"}');
  gone.destroy();
  await Promise.all([once(silent.resume(), 'close'), once(half.resume(), 'close')]);
  t.match(await ask(path, {verb: 'status'}), {ok: true});
});

t.test('a client that sends byte after byte, or reads nothing, does not stay either', async t => {
  const {path} = await start(t, {clientTimeoutMs: 300, answerTimeoutMs: 100});
  const began = performance.now();
  const trickle = connect(path).on('error', () => undefined);
  const drops = setInterval(() => trickle.write(' '), 20);
  t.teardown(() => clearInterval(drops));
  const deaf = connect({path, allowHalfOpen: true}).pause();
  deaf.end('{"verb":"status"}');
  // a drop may come cut off at the server, which is an error before it is the end
  await new Promise(resolve => trickle.resume().once('close', resolve));
  await eventually('the deaf one is cut off', () => deaf.resume().destroyed || deaf.readableEnded);
  t.ok(performance.now() - began < 5_000);
});

t.test('a crowd of silent clients keeps others out for no longer than one of them may be silent', async t => {
  const {path} = await start(t, {clientTimeoutMs: 300});
  const crowd = Array.from({length: 60}, () => connect(path).on('error', () => undefined));
  t.teardown(() => {
    for (const socket of crowd) socket.destroy();
  });
  await eventually(
    'an answer',
    async () => (await ask(path, {verb: 'status'}).catch(() => null))?.ok ?? false,
  );
});

t.test('an answer that never comes ends at its deadline', async t => {
  const {controls} = fakeControls();
  const {path} = await start(t, {
    controls: {...controls, status: () => new Promise(() => undefined)},
    answerTimeoutMs: 50,
    clientTimeoutMs: 50,
  });
  await t.rejects(ask(path, {verb: 'status'}), /closed the connection without an answer/);
});

t.test('no bytes break the server, and it answers each with a refusal', async t => {
  const {path, requests} = await start(t);
  const bytes = fc.oneof(fc.uint8Array({maxLength: 500}), fc.json(), fc.string());
  await fc.assert(
    fc.asyncProperty(bytes, async sent => {
      const response = JSON.parse(await send(path, sent));
      return response.ok === false && response.refusal.kind === 'control.request';
    }),
    {numRuns: 200},
  );
  t.same(requests, []);
});

t.test('a stale socket is replaced, a live one is not', async t => {
  const path = join(await temporaryFolder(t), 'control.sock');
  const {controls} = fakeControls();
  const serve = () => serveControl({path, controls}, new AbortController().signal);
  await leaveStaleSocket(path);
  const first = await serve();
  t.teardown(() => first.close());
  const error = await serve().catch((thrown: unknown) => thrown);
  t.ok(error instanceof ReasonError && error.reason.kind === 'control.busy', String(error));
  t.match(await ask(path, {verb: 'status'}), {ok: true}, 'the first still answers');
});

t.test('the socket is for owner and group only, and gone after the end', async t => {
  const {path, server} = await start(t);
  t.equal((await stat(path)).mode & 0o777, 0o660);
  await server.close();
  await t.rejects(stat(path), {code: 'ENOENT'});
  await t.rejects(ask(path, {verb: 'status'}), /there is no such socket/);
});

t.test('an aborted signal ends it too', async t => {
  const path = join(await temporaryFolder(t), 'control.sock');
  const abort = new AbortController();
  await serveControl({path, controls: fakeControls().controls, clientTimeoutMs: 3_600_000}, abort.signal);
  const idle = connect(path);
  await once(idle, 'connect');
  abort.abort();
  await once(idle.resume(), 'close');
  await t.rejects(ask(path, {verb: 'status'}), NoAnswerError);
});

t.test('a path that cannot be a socket is refused with its cause', async t => {
  const folder = await temporaryFolder(t);
  const {controls} = fakeControls();
  const serve = (path: string) => serveControl({path, controls}, new AbortController().signal);
  await t.rejects(serve(join(folder, 'x'.repeat(120))), /over 107 bytes/);
  await writeFile(join(folder, 'file'), '');
  await t.rejects(serve(join(folder, 'file', 'control.sock')), /cannot be opened/);
});

/** What a killed agent leaves behind: a socket file that nobody listens on. */
const leaveStaleSocket = async (path: string): Promise<void> => {
  const server = createServer().listen(`${path}.live`);
  await once(server, 'listening');
  await rename(`${path}.live`, path);
  server.close();
  await once(server, 'close');
};
