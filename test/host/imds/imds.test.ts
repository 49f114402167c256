import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import t, {type Test} from 'tap';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {createImds} from '../../../agent/host/imds/imds.ts';
import {readTags} from '../../../agent/host/imds/tags.ts';
import {imdsListener, type Metadata} from '../../lab/instance/imds.ts';

const signal = new AbortController().signal;

/** A real server in front of a listener that notes `METHOD path` of each request. */
const serve = async (t: Test, listener: RequestListener) => {
  const seen: string[] = [];
  const server = createServer((message, response) => {
    seen.push(`${message.method} ${message.url}`);
    listener(message, response);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void server.close().closeAllConnections());
  return {base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen};
};

const metadata = (more: Partial<Metadata> = {}): Metadata => ({
  instanceId: 'i-0123456789abcdef0',
  zone: 'eu-west-1b',
  region: 'eu-west-1',
  ip: '10.0.0.1',
  tags: {app: 'web', 'agent:role': 'db'},
  ...more,
});

/** Answers a token, then whatever the test says. */
const answering =
  (status: number, body: string): RequestListener =>
  (message, response) =>
    message.method === 'PUT' ? response.end('token') : response.writeHead(status).end(body);

t.test('the identity comes from one document, with one token, and is asked once', async t => {
  const {base, seen} = await serve(t, imdsListener(metadata()));
  const imds = createImds({base});
  const expected = {
    instance: 'i-0123456789abcdef0',
    zone: 'eu-west-1b',
    region: 'eu-west-1',
    account: '123456789012',
  };
  t.same(await imds.identity(signal), expected);
  t.same(await imds.identity(signal), expected);
  t.equal(await imds.get('/meta-data/instance-id', signal), 'i-0123456789abcdef0');
  t.same(seen, [
    'PUT /latest/api/token',
    'GET /latest/dynamic/instance-identity/document',
    'GET /latest/meta-data/instance-id',
  ]);
});

t.test('a tag is its text, or null when the instance has none of it', async t => {
  const {base} = await serve(t, imdsListener(metadata()));
  const imds = createImds({base});
  t.equal(await imds.tag('app', signal), 'web');
  t.equal(await imds.tag('nothing', signal), null);
  t.equal(await imds.tag('agent:role', signal), 'db');
  t.equal(((await imds.tag('../user-data', signal).catch(reasonOf)) as {kind: string}).kind, 'imds.answer');
});

t.test('tags that are not shown are told from tags that are not there', async t => {
  const data = metadata();
  const {base, seen} = await serve(t, imdsListener(data));
  const imds = createImds({base});
  t.same(await readTags(imds, ['app', 'agent:role', 'other'], signal), {app: 'web', 'agent:role': 'db'});
  t.same(seen.slice(1), [
    'GET /latest/meta-data/tags/instance',
    'GET /latest/meta-data/tags/instance/app',
    'GET /latest/meta-data/tags/instance/agent:role',
  ]);
  data.hidesTags = true;
  t.equal(await readTags(imds, ['app'], signal), null);
});

t.test('a tag that is named and not given is an error', async t => {
  const good = imdsListener(metadata());
  const {base} = await serve(t, (message, response) =>
    message.url?.endsWith('agent:role') ? response.writeHead(404).end() : good(message, response),
  );
  t.match(await readTags(createImds({base}), ['app', 'agent:role'], signal).catch(reasonOf), {
    kind: 'imds.answer',
    details: {path: 'tags/instance/agent:role', got: '404'},
  });
});

t.test('a token that is refused is renewed once', async t => {
  const data = metadata();
  let listener = imdsListener(data);
  const {base, seen} = await serve(t, (message, response) => listener(message, response));
  const imds = createImds({base});
  await imds.get('meta-data/instance-id', signal);
  listener = imdsListener(data); // a new service that knows no token
  t.equal(await imds.get('meta-data/instance-id', signal), data.instanceId);
  t.equal(seen.filter(each => each.startsWith('PUT')).length, 2);
  const always = await serve(t, answering(401, ''));
  const why = await createImds({base: always.base}).get('meta-data/x', signal).catch(reasonOf);
  t.match(why, {kind: 'imds.refused', details: {status: 401}});
  t.equal(always.seen.length, 4);
});

t.test('a service that is switched off is refused, and asked again later', async t => {
  const data = metadata({isDisabled: true});
  const {base} = await serve(t, imdsListener(data));
  const imds = createImds({base});
  t.match(await imds.identity(signal).catch(reasonOf), {kind: 'imds.refused', details: {status: 403}});
  data.isDisabled = false;
  t.equal((await imds.identity(signal)).instance, data.instanceId);
});

t.test('errors for a while are waited out, for ever they are a reason', async t => {
  const good = imdsListener(metadata());
  let failures = 3;
  const {base, seen} = await serve(t, (message, response) =>
    failures-- > 0 ? response.writeHead(500).end() : good(message, response),
  );
  t.equal((await createImds({base}).identity(signal)).zone, 'eu-west-1b');
  failures = 1_000;
  seen.length = 0;
  const why = await createImds({base, tries: 3}).identity(signal).catch(reasonOf);
  t.match(why, {kind: 'imds.unreachable', details: {cause: 'it answers 500 to /latest/api/token'}});
  t.equal(seen.length, 3);
});

t.test('a service that accepts and never answers costs the timeout, not for ever', async t => {
  const {base} = await serve(t, () => {});
  const began = performance.now();
  const why = await createImds({base, timeoutMs: 100, tries: 2}).identity(signal).catch(reasonOf);
  t.match(why, {kind: 'imds.unreachable', details: {cause: 'no answer in 0.1 s'}});
  t.ok(performance.now() - began < 2_000);
});

t.test('an answer that trickles is cut by the same timeout', async t => {
  const {base} = await serve(t, (message, response) => {
    if (message.method === 'PUT') return response.end('token');
    const timer = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(timer));
    return response;
  });
  const why = await createImds({base, timeoutMs: 150, tries: 1}).get('meta-data/x', signal).catch(reasonOf);
  t.match(why, {kind: 'imds.unreachable', details: {cause: 'no answer in 0.15 s'}});
});

t.test('answers that are too large or not what they should be are refused by name', async t => {
  const large = await serve(t, answering(200, 'x'.repeat(70_000)));
  t.match(await createImds({base: large.base, tries: 1}).get('user-data', signal).catch(reasonOf), {
    details: {cause: 'the answer is longer than 65536 bytes'},
  });
  for (const [body, expected] of [
    ['<html>', /JSON|document/],
    ['{"instanceId": "i-0123456789abcdef0"}', /availabilityZone|accountId|region/],
    [
      '{"instanceId":"../../x","availabilityZone":"eu-west-1a","region":"eu-west-1","accountId":"123456789012"}',
      /instanceId/,
    ],
  ] as const) {
    const {base} = await serve(t, answering(200, body));
    t.match(await createImds({base}).identity(signal).catch(reasonOf), {
      kind: 'imds.answer',
      details: {expected},
    });
  }
  const none = await serve(t, answering(404, ''));
  t.match(await createImds({base: none.base}).identity(signal).catch(reasonOf), {kind: 'imds.answer'});
});

t.test('an abort ends the wait at once', async t => {
  const {base} = await serve(t, () => {});
  const end = new AbortController();
  const asked = createImds({base, timeoutMs: 10_000}).identity(end.signal);
  setTimeout(() => end.abort(), 50);
  await t.rejects(asked, {name: 'AbortError'});
});
