import {once} from 'node:events';
import {chmod, readFile, writeFile} from 'node:fs/promises';
import {createServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import t from 'tap';
import type {WebhookSettings} from '../../agent/config/settings.ts';
import {EVENT_KINDS, type FleetEvent} from '../../agent/core/fleet/telling/event.ts';
import {reason} from '../../agent/core/reason.ts';
import {retryAfterMs} from '../../agent/notify/retry-after.ts';
import {createWebhook} from '../../agent/notify/webhook.ts';
import {signedByAuthority} from '../support/certificate.ts';
import {startHook} from '../support/hook.ts';
import {temporaryFolder} from '../support/temporary.ts';

const never = new AbortController().signal;
const fleet = {app: 'web', channel: 'production'};
const EVENT: FleetEvent = {
  id: '7-1/rollout-halted/1',
  kind: 'rollout-halted',
  at: Date.UTC(2026, 10, 28, 9),
  rollout: {number: 7, release: 'snap-22222222', way: 'forward', by: 'ada', message: null},
  ...{wave: null, outcome: null, hosts: [], count: 1},
  cause: reason('health.failed', {probe: 'http', last: '<!channel> & co'}),
};
const TEXT =
  'rollout 7 to snap-22222222 is halted: the application does not pass its probes: http: <!channel> & co';
const hook = (over: Partial<WebhookSettings>) =>
  createWebhook({name: 'team', format: 'json', events: EVENT_KINDS, ...over}, fleet);

t.test('plain JSON has a shape of its own', async t => {
  const {url, posted} = await startHook(t);
  t.same(await hook({url: `${url}/hook?a=b`}).post(EVENT, never), {sent: true});
  t.match(posted, [{path: 'POST /hook?a=b', headers: {'content-type': 'application/json; charset=utf-8'}}]);
  t.strictSame(JSON.parse(posted[0]?.body ?? ''), {
    format: 1,
    id: 'web/production/7-1/rollout-halted/1',
    event: 'rollout-halted',
    at: '2026-11-28T09:00:00.000Z',
    ...{app: 'web', channel: 'production', text: TEXT},
    rollout: EVENT.rollout,
    ...{wave: null, outcome: null, hosts: [], count: 1},
    reason: {kind: 'health.failed', text: TEXT.split('halted: ')[1]},
  });
  await hook({url}).post({...EVENT, cause: null}, never);
  t.match(JSON.parse(posted[1]?.body ?? ''), {reason: null});
});

t.test('for Slack it is one text, and nobody is called by it', async t => {
  const {url, posted} = await startHook(t);
  await hook({url, format: 'slack'}).post(EVENT, never);
  t.strictSame(JSON.parse(posted[0]?.body ?? ''), {
    text: `web/production: ${TEXT.replace('<!channel> & co', '&lt;!channel&gt; &amp; co')}`,
  });
});

t.test('the answer says whether it is tried again, and when', async t => {
  const {url, answer} = await startHook(t);
  const ask = async (status: number, headers: Record<string, string> = {}, said = '') => {
    answer(response => void response.writeHead(status, headers).end(said));
    return hook({url}).post(EVENT, never);
  };
  for (const status of [200, 201, 204]) t.same(await ask(status), {sent: true});
  for (const status of [408, 425, 429, 500, 502, 503])
    t.same(await ask(status), {sent: false, cause: `HTTP ${status}`, again: true, afterMs: null});
  for (const status of [301, 400, 401, 403, 404, 410])
    t.match(await ask(status), {sent: false, again: false});
  t.match(await ask(429, {'retry-after': '30'}), {again: true, afterMs: 30_000});
  t.match(await ask(404, {}, ' no_service\n'), {cause: 'HTTP 404: no_service'});
  t.match(await ask(404, {}, 'x'.repeat(20_000)), {cause: `HTTP 404: ${'x'.repeat(100)}…`});
});

t.test('Retry-After is seconds or a date', t => {
  const now = Date.UTC(2026, 10, 28, 9);
  t.equal(retryAfterMs('120', now), 120_000);
  t.equal(retryAfterMs('0', now), 0);
  t.equal(retryAfterMs('Sat, 28 Nov 2026 09:00:30 GMT', now), 30_000);
  t.equal(retryAfterMs('Sat, 28 Nov 2026 08:00:00 GMT', now), 0, 'over already');
  for (const bad of [undefined, '', 'soon', '-1', '1.5', '2026-11-28', 'x GMT'])
    t.equal(retryAfterMs(bad, now), null);
  t.end();
});

t.test('the address is in a file that nobody else can read, and is read anew', async t => {
  const {url, posted} = await startHook(t);
  const urlFile = join(await temporaryFolder(t), 'hook');
  const team = hook({urlFile});
  t.match(await team.post(EVENT, never), {sent: false, again: true, cause: /hook: expected .*got ENOENT/});
  await writeFile(urlFile, `${url}/T000/SECRET\n`, {mode: 0o644});
  t.match(await team.post(EVENT, never), {cause: /mode 0600 or 0400, got mode 0644/});
  await chmod(urlFile, 0o600);
  t.same(await team.post(EVENT, never), {sent: true});
  t.match(posted, [{path: 'POST /T000/SECRET'}]);
  await writeFile(urlFile, 'ftp://SECRET@x/');
  const {cause} = (await team.post(EVENT, never)) as {cause: string};
  t.match(cause, /hook: expected an http:\/\/ or https:\/\/ address .* in it$/);
  t.notMatch(cause, /SECRET|ftp/);
});

t.test('nothing of the address is in what is said of it', async t => {
  const {url, answer} = await startHook(t);
  const {host, port} = new URL(url);
  answer((response, count) => {
    if (count === 1)
      response.writeHead(404).end(`no ${url}/T000/SECRET?k=KEY here, /T000/SECRET, ?k=KEY, ${host}`);
    else response.destroy();
  });
  const team = hook({url: `${url}/T000/SECRET?k=KEY`});
  for (const posted of [await team.post(EVENT, never), await team.post(EVENT, never)]) {
    t.match(posted, {sent: false});
    t.notMatch(JSON.stringify(posted), new RegExp(`SECRET|KEY|127|${port}`));
  }
  t.match(await hook({url: 'http://127.0.0.1:1/T000'}).post(EVENT, never), {
    sent: false,
    cause: 'connection refused',
    again: true,
  });
  t.match(await hook({url: 'http://no-such-host.invalid/'}).post(EVENT, never), {again: true, cause: /name/});
});

t.test('https with an authority of its own, and without it not', async t => {
  const {certFile, keyFile, caFile} = await signedByAuthority(t);
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
  const server = createServer({cert, key}, (request, response) => {
    request.resume();
    response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const url = `https://localhost:${(server.address() as AddressInfo).port}/x`;
  t.same(await hook({url, caFile}).post(EVENT, never), {sent: true});
  const refused = await hook({url}).post(EVENT, never);
  t.match(refused, {sent: false, again: true, cause: /certificate|verify/});
  t.notMatch(JSON.stringify(refused), /localhost/);
  t.match(await hook({url, caFile: `${caFile}.gone`}).post(EVENT, never), {sent: false, cause: /ENOENT/});
});

t.test('what is aborted is no answer', async t => {
  const {url} = await startHook(t, () => undefined);
  const stop = new AbortController();
  const posting = hook({url}).post(EVENT, stop.signal);
  stop.abort(new Error('the end'));
  await t.rejects(posting, {message: 'the end'});
});
