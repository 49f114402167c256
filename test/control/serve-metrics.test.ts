import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {createServer} from 'node:net';
import t, {type Test} from 'tap';
import {serveMetrics} from '../../agent/control/serve-metrics.ts';
import {httpCall} from '../../agent/host/http/http.ts';
import {eventually} from '../support/eventually.ts';
import {keptLog} from '../support/log.ts';

const never = new AbortController().signal;
const taken = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const free = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return {port, free};
};

const start = (t: Test, port: number, text: () => string, host = '127.0.0.1') => {
  const stop = new AbortController();
  const {log, lines} = keptLog();
  const ended = serveMetrics({listen: `${host}:${port}`, text, log, retryMs: 50}, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  t.teardown(end);
  const ask = (path = '/metrics', method: 'GET' | 'POST' = 'GET') =>
    httpCall({base: `http://${host}:${port}`, path, method, timeoutMs: 5_000}, never);
  return {ask, end, lines};
};

t.test('metrics are at /metrics, as Prometheus asks for them, and nothing else is', async t => {
  const {port, free} = await taken();
  await free();
  let count = 0;
  const {ask, end} = start(t, port, () => {
    count += 1;
    return `a ${count}\n`;
  });
  const first = await eventually('an answer', () => ask());
  t.match(first, {status: 200, headers: {'content-type': 'text/plain; version=0.0.4; charset=utf-8'}});
  t.match(await ask('/metrics?x=y'), {status: 200, body: `a ${count}\n`});
  t.match(await ask('/'), {status: 404});
  t.match(await ask('/metrics', 'POST'), {status: 405, headers: {allow: 'GET, HEAD'}});
  const before = count;
  await ask('/');
  t.equal(count, before, 'they are made when they are asked for');
  await end();
  await t.rejects(ask(), {message: 'connection refused'});
});

t.test('what goes wrong with one answer is an answer', async t => {
  const {port, free} = await taken();
  await free();
  const {ask} = start(t, port, () => {
    throw new Error('x');
  });
  t.match(await eventually('an answer', () => ask()), {status: 500, body: ''});
});

t.test('a port that is taken is said once, tried again, and stops nothing', async t => {
  const {port, free} = await taken();
  const {ask, lines} = start(t, port, () => 'a 1\n');
  await eventually('the complaint', () => lines.length > 0);
  await new Promise(resolve => setTimeout(resolve, 200));
  await free();
  t.match(
    await eventually('an answer', async () => {
      const answer = await ask();
      return answer.status === 200 && answer;
    }),
    {body: 'a 1\n'},
  );
  t.match(lines, [
    {level: 'warning', message: /metrics are not served on 127.0.0.1:\d+: .*EADDRINUSE.*tried again/},
  ]);
  t.equal(lines.length, 1);
});
