/** Whatever answers in Consul's place: the store and the traffic adapter give a value or a reason, in time. */
import {createServer, type IncomingMessage, type RequestListener, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import fc from 'fast-check';
import t, {type Test} from 'tap';
import {openConsulHttp} from '../../agent/store/consul/http.ts';
import {consulKv} from '../../agent/store/consul/kv.ts';
import {consulSessions} from '../../agent/store/consul/session.ts';
import {isKey} from '../../agent/store/key.ts';
import {consulTraffic} from '../../agent/traffic/consul.ts';
import {CASES, fuzz, outcomeOf} from './fuzz.ts';
import {bytes, documentTexts, text} from './inputs.ts';

interface Reply {
  readonly status: number;
  readonly body: string | Buffer;
  readonly index: string;
  readonly how: 'ends' | 'dies' | 'lies' | 'resets';
}

/** What answers instead of Consul: near these documents, which would be right, or anything. */
const repliesLike = (...documents: readonly unknown[]): fc.Arbitrary<Reply> =>
  fc.record({
    status: fc.oneof(
      {weight: 3, arbitrary: fc.constant(200)},
      fc.constantFrom(204, 301, 400, 403, 404, 409, 429, 500, 503),
    ),
    body: fc.oneof({weight: 4, arbitrary: documentTexts(...documents)}, bytes, text),
    index: fc.constantFrom('1', '0', '-1', '1e99', '0x10', '1.5', 'NaN', '', '99999999999999999999', '7 8'),
    how: fc.oneof(
      {weight: 12, arbitrary: fc.constant('ends' as const)},
      fc.constantFrom('dies', 'lies', 'resets' as const),
    ),
  });

const give = ({status, body, index, how}: Reply, response: ServerResponse): void => {
  if (how === 'resets') return void response.socket?.destroy();
  const length = Buffer.byteLength(body) + (how === 'ends' ? 0 : 10);
  response.writeHead(status, {'x-consul-index': index, 'content-length': length});
  response.write(body);
  if (how === 'ends') response.end();
  else if (how === 'dies') response.socket?.end();
  else setTimeout(() => response.socket?.destroy(), 20);
};

/** A server that answers as `replyTo` says. */
const startServer = async (t: Test, replyTo: (request: IncomingMessage) => Reply): Promise<string> => {
  const listener: RequestListener = (request, response) => {
    request.resume();
    give(replyTo(request), response);
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  t.teardown(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const SESSION = 'ac2b35a0-5d4c-4b23-a4a5-2c1e9d0b7f10';
const ENTRIES = [
  {Key: 'p/web/desired', Value: Buffer.from('main').toString('base64'), ModifyIndex: 7, Session: SESSION},
  {Key: 'p/hosts/i-1', Value: null, ModifyIndex: 8},
];
const WRITTEN = {Results: [{KV: {ModifyIndex: 9}}], Errors: null};
const CONFLICT = {Results: null, Errors: [{OpIndex: 0, What: 'failed to lock key "p/x", lock is held'}]};

const STORE = ['store.unreachable', 'store.refused'] as const;
/** as Consul takes it back when a key is written */
const VERSION = /^[1-9]\d{0,15}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DAY_MS = 86_400_000;

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

t.test('the store', async t => {
  let reply: Reply;
  const url = await startServer(t, () => reply);
  const http = openConsulHttp({url, prefix: 'p'}, {callDeadlineMs: 3_000});
  t.teardown(() => http.close());
  const kv = consulKv(http, 'p');
  const sessions = consulSessions(http);
  const {signal} = new AbortController();
  const lock = {key: 'x', value: 'v', session: SESSION};
  const calls = {
    read: async () => {
      const {entries, index} = await kv.read({path: 'web/', recurse: true, consistency: 'default'}, signal);
      must(Number.isSafeInteger(index) && index >= 0, `an index of ${index}`);
      for (const {key, version, session = SESSION} of entries)
        must(
          isKey(key) && VERSION.test(version) && UUID.test(session),
          `an entry ${key} of version ${version} and session ${session}`,
        );
    },
    put: async () => {
      const put = await kv.put({key: 'x', value: 'v', expected: {version: '7'}}, signal);
      must(!put.ok || VERSION.test(put.version), `written as ${JSON.stringify(put)}`);
    },
    delete: () => kv.delete('x', '7', signal),
    acquire: () => kv.acquire(lock, signal),
    handOver: () => kv.handOver({...lock, from: SESSION}, signal),
    create: async () => {
      const id = await sessions.create({name: 'n', ttlMs: 15_000}, signal);
      must(UUID.test(id), `a session ${id}`);
    },
    renew: async () => {
      const ttlMs = await sessions.renew(SESSION, signal);
      must(ttlMs === null || (ttlMs > 0 && ttlMs <= DAY_MS), `a TTL of ${ttlMs} ms`);
    },
  };
  const fitting: Readonly<Record<keyof typeof calls, readonly unknown[]>> = {
    read: [ENTRIES],
    put: [WRITTEN, CONFLICT],
    delete: [true, false],
    acquire: [true, false],
    handOver: [WRITTEN, CONFLICT],
    create: [{ID: SESSION}],
    renew: [[{TTL: '15s'}], [{TTL: '1m30.5s'}], [{TTL: '99999h'}], [{TTL: '0s'}]],
  };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const input = fc.oneof(
    ...names.map(name => fc.tuple(fc.constant(name), repliesLike(...fitting[name], {}, []))),
  );
  await fuzz(t, {runs: 2 * CASES.io, input, deadlineMs: 20_000}, async ([name, given]) => {
    reply = given;
    await outcomeOf<unknown>(calls[name], STORE);
  });
});

const SERVICES = {'web-1': {ID: 'web-1', Service: 'web'}, db: {ID: 'db', Service: 'db'}};
const CHECK = {Node: 'n', CheckID: '_service_maintenance:web-1'};
const OTHER = {Node: 'n', CheckID: 'service:web-1'};

/** An agent of Consul that can do what traffic needs. */
const createAgent = () => {
  let hidden = false;
  const checks = () => (hidden ? [CHECK, OTHER] : [OTHER]);
  return (path: string): unknown => {
    if (path.startsWith('/v1/agent/service/maintenance/')) hidden = path.includes('enable=true');
    if (path === '/v1/agent/services') return SERVICES;
    if (path === '/v1/agent/checks') return Object.fromEntries(checks().map(each => [each.CheckID, each]));
    if (path.startsWith('/v1/catalog/nodes')) return [{Node: 'n'}];
    return path.startsWith('/v1/health/checks/') ? checks() : null;
  };
};

t.test("the host's own agent of Consul: all it answers is right but for one thing", async t => {
  const log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
  let answers = createAgent();
  let odd: {readonly at: string; readonly reply: Reply};
  const url = await startServer(t, ({url: path = ''}) =>
    path.startsWith(odd.at)
      ? odd.reply
      : {status: 200, body: JSON.stringify(answers(path)), index: '1', how: 'ends'},
  );
  const oddities = [
    {at: '/v1/agent/services', like: [SERVICES]},
    {at: '/v1/agent/checks', like: [{[CHECK.CheckID]: CHECK}, {}]},
    {at: '/v1/health/checks/', like: [[CHECK, OTHER], [OTHER]]},
    {at: '/v1/catalog/nodes', like: [[{Node: 'n'}], []]},
    {at: '/v1/agent/health/service/name/', like: [[], null]},
    {at: '/v1/agent/service/maintenance/', like: [null]},
  ].map(({at, like}) => repliesLike(...like).map(reply => ({at, reply})));
  const input = fc.tuple(fc.constantFrom('leave', 'rejoin'), fc.oneof(...oddities));
  await fuzz(t, {runs: CASES.io, input, deadlineMs: 20_000}, async ([name, given]) => {
    odd = given;
    answers = createAgent();
    if (name === 'rejoin') answers('/v1/agent/service/maintenance/web-1?enable=true');
    const traffic = consulTraffic({
      service: 'web',
      url,
      isRunning: async () => true,
      log,
      reportBlocker: () => {},
    });
    const signal = AbortSignal.timeout(60);
    await outcomeOf(async () => {
      try {
        await (name === 'leave' ? traffic.leave : traffic.rejoin)(signal);
        if (name === 'rejoin') await traffic.hiddenBy?.(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }, ['traffic.failed', 'traffic.slow']);
  });
});
