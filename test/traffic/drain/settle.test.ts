import {once} from 'node:events';
import {createServer, request} from 'node:http';
import type {AddressInfo} from 'node:net';
import t, {type Test} from 'tap';
import type {Reason} from '../../../agent/core/reason.ts';
import {ignoreBlockers} from '../../../agent/host/blocker.ts';
import {drainMsOf, settleBefore} from '../../../agent/traffic/drain/settle.ts';
import {drainOf, timed, up} from './support.ts';

const signal = new AbortController().signal;

/** An application whose answers take 900 ms. */
const application = async (t: Test): Promise<number> => {
  const server = createServer((_, response) => setTimeout(() => response.end('done'), 900));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
};

const statusOf = async (port: number): Promise<number | undefined> => {
  const [response] = await once(request({port, host: '127.0.0.1', agent: false}).end(), 'response');
  await once(response.resume(), 'end');
  return response.statusCode;
};

t.test('a balancer that notices late still has its requests answered', async t => {
  const port = await application(t);
  const told: (Reason | null)[] = [];
  const reportBlocker = (_: string, cause: Reason | null) => void told.push(cause);
  const inner = drainOf([port], {quietMs: 200});
  const drain = settleBefore(inner, {settleMs: 1_500, application: up, reportBlocker});
  let answered = false;
  const late = new Promise(resolve => setTimeout(resolve, 1_200))
    .then(() => statusOf(port))
    .then(status => {
      answered = status === 200;
    });
  const {cut} = await drain.wait({timeoutMs: 20_000}, signal);
  t.ok(answered, 'the drain is not over before the request that came late');
  t.same(cut, []);
  t.match(told, [{kind: 'drain.settling', details: {seconds: 1.5}}, null]);
  await late;
});

t.test('settling is a part of the whole time, and ends with the signal', async t => {
  const given: number[] = [];
  const inner = {
    wait: async ({timeoutMs}: {readonly timeoutMs: number}) => {
      given.push(timeoutMs);
      return {cut: []};
    },
  };
  const parts = {settleMs: 40, application: up, reportBlocker: ignoreBlockers};
  await settleBefore(inner, parts).wait({timeoutMs: 100}, signal);
  await settleBefore(inner, parts).wait({timeoutMs: 30}, signal);
  t.same(given, [60, 0]);
  const drain = {timeoutMs: 5, quietMs: 1, protocol: 'none', ports: [], ignore: []} as const;
  t.equal(drainMsOf({settleMs: 40, drain}), 45);
  const over = settleBefore(inner, {...parts, settleMs: 60_000}).wait(
    {timeoutMs: 90_000},
    AbortSignal.timeout(20),
  );
  await t.rejects(over, {name: 'AbortError'});
});

t.test('an application that does not run is not waited for', async t => {
  const down = {isRunning: async () => false};
  const parts = {settleMs: 60_000, application: down, reportBlocker: ignoreBlockers};
  const {ms} = await timed(
    settleBefore(drainOf([]), parts).wait({timeoutMs: 90_000}, AbortSignal.timeout(10_000)),
  );
  t.ok(ms < 10_000);
});
