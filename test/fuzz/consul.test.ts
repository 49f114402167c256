/** Whatever answers in Consul's place: the store and the traffic adapter give a value or a reason, in time. */
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import fc from 'fast-check';
import t, {type Test} from 'tap';
import {openConsulHttp} from '../../agent/store/consul/http.ts';
import {consulKv} from '../../agent/store/consul/kv.ts';
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

const ENTRIES = [
  {Key: 'p/web/desired', Value: Buffer.from('main').toString('base64'), ModifyIndex: 7, Session: 's'},
  {Key: 'p/hosts/i-1', Value: null, ModifyIndex: 8},
];
const WRITTEN = {Results: [{KV: {ModifyIndex: 9}}], Errors: null};
const CONFLICT = {Results: null, Errors: [{OpIndex: 0, What: 'failed to lock key "p/x", lock is held'}]};
const BODIES = [ENTRIES, WRITTEN, CONFLICT, true, false, {}, []];

const replies: fc.Arbitrary<Reply> = fc.record({
  status: fc.oneof(
    {weight: 3, arbitrary: fc.constant(200)},
    fc.constantFrom(204, 301, 400, 403, 404, 409, 429, 500, 503),
  ),
  body: fc.oneof({weight: 4, arbitrary: documentTexts(...BODIES)}, bytes, text),
  index: fc.constantFrom('1', '0', '-1', '1e99', 'NaN', '', '99999999999999999999', '7 8'),
  how: fc.oneof(
    {weight: 12, arbitrary: fc.constant('ends' as const)},
    fc.constantFrom('dies', 'lies', 'resets' as const),
  ),
});

/** A server that gives the reply that is set to every request. */
const startServer = async (t: Test) => {
  const now: {reply: Reply} = {reply: {status: 200, body: '[]', index: '1', how: 'ends'}};
  const listener: RequestListener = (request, response) => {
    request.resume();
    const {status, body, index, how} = now.reply;
    if (how === 'resets') return void response.socket?.destroy();
    const length = Buffer.byteLength(body) + (how === 'ends' ? 0 : 10);
    response.writeHead(status, {'x-consul-index': index, 'content-length': length});
    response.write(body);
    if (how === 'ends') response.end();
    else if (how === 'dies') response.socket?.end();
    else setTimeout(() => response.socket?.destroy(), 20);
  };
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  t.teardown(() => server.close().closeAllConnections());
  return {now, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`};
};

const STORE = ['store.unreachable', 'store.refused'] as const;

t.test('the store', async t => {
  const {now, url} = await startServer(t);
  const http = openConsulHttp({url, prefix: 'p'}, {callDeadlineMs: 3_000});
  t.teardown(() => http.close());
  const kv = consulKv(http, 'p');
  const {signal} = new AbortController();
  const lock = {key: 'x', value: 'v', session: 's'};
  const calls = {
    read: async () => {
      const {entries, index} = await kv.read({path: 'web/', recurse: true, consistency: 'default'}, signal);
      if (!Number.isFinite(index)) throw new Error(`an index of ${index}`);
      for (const {key, version} of entries)
        if (!isKey(key) || !/^\d+$/.test(version)) throw new Error(`an entry ${key} of version ${version}`);
    },
    put: () => kv.put({key: 'x', value: 'v', expected: {version: '7'}}, signal),
    delete: () => kv.delete('x', '7', signal),
    acquire: () => kv.acquire(lock, signal),
    handOver: () => kv.handOver({...lock, from: 'r'}, signal),
  };
  const names = Object.keys(calls) as (keyof typeof calls)[];
  const input = fc.tuple(fc.constantFrom(...names), replies);
  await fuzz(t, {runs: CASES.io, input, deadlineMs: 20_000}, async ([name, reply]) => {
    now.reply = reply;
    await outcomeOf<unknown>(calls[name], STORE);
  });
});

t.test("the host's own agent of Consul", async t => {
  const {now, url} = await startServer(t);
  const log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
  const input = fc.tuple(fc.constantFrom('leave', 'rejoin', 'shown'), replies);
  await fuzz(t, {runs: CASES.io, input, deadlineMs: 20_000}, async ([name, reply]) => {
    now.reply = reply;
    const traffic = consulTraffic({service: 'web', url, log, hinder: () => {}});
    const call = {leave: traffic.leave, rejoin: traffic.rejoin, shown: traffic.shown}[name];
    const signal = AbortSignal.timeout(150);
    await outcomeOf(async () => {
      try {
        await call?.(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }, ['traffic.failed', 'traffic.slow', 'store.document']);
  });
});
