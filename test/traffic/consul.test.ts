import {once} from 'node:events';
import {chmod, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import t from 'tap';
import {type Reason, reasonText} from '../../agent/core/reason.ts';
import {reasonOf} from '../../agent/core/reason-error.ts';
import {combineTraffic} from '../../agent/traffic/combine.ts';
import {consulTraffic} from '../../agent/traffic/consul.ts';
import {tokenFor} from '../store/consul-acl.ts';
import {startConsul} from '../support/consul.ts';
import {eventually} from '../support/eventually.ts';
import {fetch} from '../support/fetch.ts';
import {keptLog} from '../support/log.ts';
import {unmet} from '../support/needs.ts';
import {reasonFrom} from '../support/reason-from.ts';
import {temporaryFolder} from '../support/temporary.ts';

const signal = new AbortController().signal;
const skip = unmet('root', 'debian');
const up = async () => true;
const down = async () => false;

const api = async (address: string, path: string, {body, token}: {body?: object; token?: string} = {}) => {
  const reply = await fetch(`${address}${path}`, {
    method: body ? 'PUT' : 'GET',
    ...(body && {body: JSON.stringify(body)}),
    ...(token && {headers: {'x-consul-token': token}}),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
};

t.test('against a real Consul', {skip}, async t => {
  const {address} = await startConsul(t);
  const {log, lines} = keptLog();
  const traffic = consulTraffic({service: 'web', url: address, isRunning: up, log});
  const passing = async () => (await api(address, '/v1/health/service/web?passing')).length;
  for (const ID of ['web 1/a', 'web-2']) {
    await api(address, '/v1/agent/service/register', {body: {ID, Name: 'web', Port: 80}});
  }
  await api(address, '/v1/agent/service/register', {body: {ID: 'web', Name: 'other', Port: 81}});

  await t.test('leaving hides every instance of the service and of no other', async t => {
    t.equal(await passing(), 2);
    await traffic.leave(signal);
    t.equal(await passing(), 0);
    t.equal((await api(address, '/v1/health/service/other?passing')).length, 1);
    await traffic.leave(signal);
  });

  await t.test('rejoining shows them again, and can be repeated', async t => {
    await traffic.rejoin(signal);
    await traffic.rejoin(signal);
    t.same(Object.keys(await api(address, '/v1/agent/checks')), []);
  });

  await t.test('a service that is not registered is out of traffic only when nothing runs', async t => {
    const running = consulTraffic({service: 'nothing', url: address, isRunning: up, log});
    t.match(await reasonFrom(running.leave(signal)), {
      kind: 'traffic.failed',
      details: {cause: 'no service of the name or id nothing is registered with the local agent'},
    });
    t.match(await running.hiddenBy?.(signal), {details: {cause: /is registered with the local agent$/}});
    await consulTraffic({service: 'nothing', url: address, isRunning: down, log}).leave(signal);
    t.match(lines.at(-1), {level: 'warning', fields: {service: 'nothing'}});
  });

  await t.test('the id of one instance takes out that one', async () => {
    const one = consulTraffic({service: 'web-2', url: address, isRunning: up, log});
    await one.leave(signal);
    t.equal(await passing(), 1);
    await one.rejoin(signal);
    await eventually('it to be back', async () => (await one.hiddenBy?.(signal)) === null);
    t.equal(await passing(), 2);
  });

  await t.test('a maintenance that somebody else began is theirs', async t => {
    const put = (path: string) => fetch(`${address}${path}`, {method: 'PUT'});
    const notes = async () =>
      Object.values(await api(address, '/v1/agent/checks')).map(each => (each as {Notes: string}).Notes);
    await put('/v1/agent/service/maintenance/web-2?enable=true&reason=disk%20replacement%20by%20ada');
    await traffic.leave(signal);
    await traffic.rejoin(signal);
    t.same(await notes(), ['disk replacement by ada']);
    const cause = 'somebody else put it into maintenance: "disk replacement by ada"';
    t.match(await traffic.hiddenBy?.(signal), {kind: 'traffic.hidden', details: {cause}});
    await put('/v1/agent/service/maintenance/web-2?enable=false');
    await put('/v1/agent/maintenance?enable=true&reason=by%20ada');
    t.match(await traffic.hiddenBy?.(signal), {details: {cause: 'the node is in maintenance: "by ada"'}});
    await put('/v1/agent/maintenance?enable=false');
    await eventually('it to be back', async () => (await traffic.hiddenBy?.(signal)) === null);
  });

  await t.test('it is back once the checks of the service pass', async t => {
    const check = {Name: 'web http', ServiceID: 'web-2', TTL: '60s', Status: 'critical'};
    await api(address, '/v1/agent/check/register', {body: {...check, ID: 'http'}});
    await traffic.leave(signal);
    await traffic.rejoin(signal);
    const hidden = async () => traffic.hiddenBy?.(signal);
    t.match(await hidden(), {kind: 'traffic.hidden', details: {cause: 'the check "web http" is critical'}});
    await fetch(`${address}/v1/agent/check/pass/http`, {method: 'PUT'});
    await eventually('it to be back', async () => (await hidden()) === null);
  });
});

t.test('with access control the token file is used and a refusal is told', {skip}, async t => {
  const {address, token = ''} = await startConsul(t, {acl: true});
  await api(address, '/v1/agent/service/register', {body: {Name: 'web', Port: 80}, token});
  const tokenFile = join(await temporaryFolder(t), 'token');
  await writeFile(tokenFile, `${token}\n`, {mode: 0o600});
  const {log} = keptLog();
  await consulTraffic({service: 'web', url: address, tokenFile, isRunning: up, log}).leave(signal);
  const checks = await api(address, '/v1/agent/checks', {token});
  t.match(checks, {'_service_maintenance:web': {Status: 'critical', Notes: /release-agent/}});

  await writeFile(tokenFile, '6f0f7d0e-0000-4000-8000-000000000000');
  const why = await reasonFrom(
    consulTraffic({service: 'web', url: address, tokenFile, isRunning: up, log}).leave(signal),
  );
  t.match(why, {kind: 'traffic.failed', details: {adapter: 'consul', action: 'leave', cause: /403/}});
  t.notMatch(JSON.stringify(why), '6f0f7d0e');

  await chmod(tokenFile, 0o644);
  const open = await reasonFrom(
    consulTraffic({service: 'web', url: address, tokenFile, isRunning: up, log}).leave(signal),
  );
  t.match(open, {kind: 'traffic.failed', details: {cause: /0600 or 0400, got mode 0644/}});
});

t.test('an agent that holds its answer back while no server leads is waited for', async t => {
  const server = createServer((request, response) => {
    const answer = request.url === '/v1/agent/services' ? '{"web":{"ID":"web","Service":"web"}}' : '{}';
    setTimeout(() => response.end(answer), request.method === 'PUT' ? 7_500 : 0); // its rpc_hold_timeout, and a bit
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await t.resolves(consulTraffic({service: 'web', url, isRunning: up, log: keptLog().log}).rejoin(signal));
});

t.test('a return is shown once the catalog has it', async t => {
  const note = 'release-agent: out of traffic for an update';
  const check = {Node: 'n', CheckID: '_service_maintenance:web', ServiceID: 'web', Notes: note};
  const own = {Node: 'n', CheckID: 'http', Name: 'http', ServiceID: 'web', Status: 'passing'};
  let [local, catalog]: [boolean, unknown] = [true, [check]];
  const answers: Readonly<Record<string, () => string>> = {
    '/v1/agent/services': () => '{"web":{"ID":"web","Service":"web"}}',
    '/v1/agent/checks': () => JSON.stringify(local ? {[check.CheckID]: check} : {http: own}),
    '/v1/health/checks/web': () => JSON.stringify(catalog),
    '/v1/catalog/nodes?filter=Node+%3D%3D+%22n%22': () => '[{"Node":"n"}]',
  };
  const server = createServer((request, response) => {
    if (request.method === 'PUT') local = false;
    response.end(answers[request.url ?? '']?.() ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const traffic = combineTraffic([consulTraffic({service: 'web', url, isRunning: up, log: keptLog().log})]);
  await traffic.rejoin(signal);
  const hidden = async () => traffic.hiddenBy?.(signal);
  t.match(await hidden(), {details: {cause: 'the catalog still shows its maintenance'}});
  catalog = 'rpc error';
  await t.rejects(hidden());
  catalog = [{...own, Status: 'critical'}];
  t.match(await hidden(), {details: {cause: 'the catalog does not show yet that its checks pass'}});
  catalog = [];
  t.match(await hidden(), {details: {cause: 'the catalog does not show yet that its checks pass'}});
  catalog = [own];
  t.equal(await hidden(), null);
});

t.test('what was begun with a token that is revoked is begun and ended once more', {skip}, async t => {
  const {address, token = ''} = await startConsul(t, {acl: true, config: {primary_datacenter: 'lab'}});
  const rules = 'service_prefix "" { policy = "write" } node_prefix "" { policy = "write" }';
  const make = (name: string) => tokenFor({address, token}, name, rules);
  const agent = await make('agent');
  await fetch(`${address}/v1/agent/token/agent`, {
    method: 'PUT',
    headers: {'X-Consul-Token': token},
    body: JSON.stringify({Token: agent}),
  });
  await api(address, '/v1/agent/service/register', {body: {Name: 'web', Port: 80}, token});
  const first = await make('first');
  const tokenFile = join(await temporaryFolder(t), 'token');
  await writeFile(tokenFile, first, {mode: 0o600});
  const traffic = consulTraffic({service: 'web', url: address, tokenFile, isRunning: up, log: keptLog().log});
  await traffic.leave(signal);
  const {AccessorID} = await api(address, '/v1/acl/token/self', {token: first});
  await fetch(`${address}/v1/acl/token/${AccessorID}`, {
    method: 'DELETE',
    headers: {'X-Consul-Token': token},
  });
  await writeFile(tokenFile, await make('second'), {mode: 0o600});
  await traffic.rejoin(signal);
  t.match(
    await traffic.hiddenBy?.(signal),
    {kind: 'traffic.hidden'},
    'the catalog does not learn of it by itself',
  );
  const visible = async () => (await traffic.hiddenBy?.(signal)) === null;
  await eventually('the catalog to have it', visible, {timeoutMs: 20_000, everyMs: 250});
});

t.test('an agent that does not answer, or nonsense, is a failure', async t => {
  const filtered = {'x-consul-results-filtered-by-acls': 'true'};
  let answer: [Record<string, string>, string] = [{}, '<html>'];
  const server = createServer((_, response) => response.writeHead(200, answer[0]).end(answer[1]));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const {log} = keptLog();
  const traffic = consulTraffic({service: 'web', url, isRunning: up, log});
  t.match(await reasonFrom(traffic.leave(signal)), {details: {cause: /is not as expected/}});
  answer = [filtered, '{}'];
  t.match(
    await reasonFrom(traffic.leave(signal)),
    {kind: 'traffic.failed'},
    'a service that is seen one way only',
  );
  server.close();
  server.closeAllConnections();
  t.match(await reasonFrom(traffic.rejoin(signal)), {
    details: {action: 'rejoin', cause: 'connection refused'},
  });
});

t.test(
  'an agent that holds its answer is named while it does, and rejoining fails with that at a deadline',
  async t => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.teardown(() => server.close().closeAllConnections());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const told: string[] = [];
    const late = new AbortController();
    const reportBlocker = (_: string, cause: Reason | null) => {
      told.push(cause ? reasonText(cause) : 'nothing');
      if (cause) late.abort(new DOMException('', 'TimeoutError'));
    };
    const traffic = consulTraffic({service: 'web', url, isRunning: up, log: keptLog().log, reportBlocker});
    const why = await traffic.rejoin(late.signal).catch(reasonOf);
    t.equal(why?.kind, 'traffic.slow');
    t.match(told, [
      'consul has not answered for 3 s, asked to rejoin traffic: the local agent holds its state while it looks for its servers',
      'nothing',
    ]);
  },
);
