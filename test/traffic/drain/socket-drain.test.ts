import {once} from 'node:events';
import {Agent, createServer, get, type IncomingMessage, type RequestListener, request} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {performance} from 'node:perf_hooks';
import t, {type Test} from 'tap';
import {drainOf} from './support.ts';

const signal = new AbortController().signal;
const QUIET_MS = 300;

const serve = async (t: Test, listener: RequestListener, host = '127.0.0.1') => {
  const server = createServer(listener);
  server.keepAliveTimeout = 60_000;
  server.listen(0, host);
  await once(server, 'listening');
  const agent = new Agent({keepAlive: true});
  t.teardown(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const {port} = server.address() as AddressInfo;
  const ask = async (path = '/') => {
    const [response] = (await once(get({port, path, agent, host: '127.0.0.1'}), 'response')) as [
      IncomingMessage,
    ];
    response.resume();
    await once(response, 'end');
  };
  return {port, ask, agent, drain: drainOf([port], {quietMs: QUIET_MS})};
};

const timed = async <T>(work: Promise<T>) => {
  const start = performance.now();
  const result = await work;
  return {result, ms: performance.now() - start};
};

t.test('idle connections of a load balancer do not hold up the drain', async t => {
  const {ask, drain, port} = await serve(t, (_, response) => response.end('ok'), '::');
  await Promise.all(Array.from({length: 20}, () => ask()));
  await Promise.all(Array.from({length: 20}, () => ask()));
  const unused = connect(port, '127.0.0.1');
  t.teardown(() => unused.destroy());
  const {result, ms} = await timed(drain.wait({timeoutMs: 20_000}, signal));
  t.same(result.cut, []);
  t.ok(ms >= QUIET_MS && ms < 5_000, `${ms} ms`);
});

t.test('a long request is waited for, also right after a fast one on its connection', async t => {
  let answered = 0;
  const {port, drain} = await serve(t, ({url}, response) => {
    if (url === '/fast') return void response.end('ok');
    setTimeout(() => {
      answered = performance.now();
      response.end('done');
    }, 3_000);
  });
  const client = connect(port, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write('GET /fast HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(client, 'data');
  client.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  const {result} = await timed(drain.wait({timeoutMs: 20_000}, signal));
  t.same(result.cut, []);
  t.ok(answered > 0 && performance.now() >= answered + QUIET_MS - 1);
});

t.test('a slow upload is waited for', async t => {
  let done = false;
  const {port, drain} = await serve(t, (incoming, response) => {
    incoming.resume().on('end', () => {
      done = true;
      response.end();
    });
  });
  const upload = request({port, host: '127.0.0.1', method: 'POST', agent: false});
  upload.on('response', response => response.resume());
  let left = 4;
  const beat = setInterval(() => {
    if (left-- > 0) return void upload.write('x'.repeat(100));
    clearInterval(beat);
    upload.end();
  }, 400);
  t.teardown(() => clearInterval(beat));
  upload.write('first');
  await once(upload, 'socket');
  await once(upload.socket as NonNullable<typeof upload.socket>, 'connect');
  t.same((await drain.wait({timeoutMs: 20_000}, signal)).cut, []);
  t.ok(done);
});

t.test('an answer that streams is waited for', async t => {
  let done = false;
  const {ask, drain} = await serve(t, (_, response) => {
    let left = 8;
    response.write('head');
    const beat = setInterval(() => {
      if (left-- > 0) return void response.write('more');
      clearInterval(beat);
      done = true;
      response.end();
    }, 150);
  });
  const asked = ask();
  t.same((await drain.wait({timeoutMs: 20_000}, signal)).cut, []);
  t.ok(done);
  await asked;
});

t.test('an answer that the client does not read yet is waited for', async t => {
  const {port, drain} = await serve(t, (_, response) => response.end(Buffer.alloc(20_000_000)));
  const client = connect(port, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(client, 'readable');
  const {result} = await timed(drain.wait({timeoutMs: 1_000}, signal));
  t.same(result.cut, [`127.0.0.1:${client.localPort}`]);
});

t.test('at the deadline the peers that are cut are named', async t => {
  const {port, drain} = await serve(t, () => undefined);
  const client = connect(port, '127.0.0.1');
  t.teardown(() => client.destroy());
  await once(client, 'connect');
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const {result, ms} = await timed(drain.wait({timeoutMs: 700}, signal));
  t.same(result.cut, [`127.0.0.1:${client.localPort}`]);
  t.ok(ms >= 700 && ms < 3_000, `${ms} ms`);
});

t.test('an answer that streams is named, whenever the deadline comes', async t => {
  const {port} = await serve(t, (_, response) => {
    const beat = setInterval(() => response.write('more'), 150);
    response.on('close', () => clearInterval(beat));
  });
  const client = connect(port, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  client.resume();
  await once(client, 'data');
  const idle = connect(port, '127.0.0.1');
  t.teardown(() => idle.destroy());
  await once(idle, 'connect');
  const drain = drainOf([port], {quietMs: 5_000});
  // few: each looks ten times a second, and a machine kept busy by them streams with longer rests
  const deadlines = Array.from({length: 4}, (_, n) => 2_000 + 35 * n);
  const ended = await Promise.all(deadlines.map(timeoutMs => drain.wait({timeoutMs}, signal)));
  t.same(
    ended.map(({cut}) => cut),
    deadlines.map(() => [`127.0.0.1:${client.localPort}`]),
  );
});

t.test('health probes that never stop do not hold up the drain', async t => {
  const {ask, port, drain} = await serve(t, (_, response) => response.end('healthy'));
  const kept = setInterval(() => void ask(), 500);
  const fresh = setInterval(
    () => get({port, host: '127.0.0.1', agent: false}, answer => answer.resume()),
    700,
  );
  t.teardown(() => [kept, fresh].forEach(clearInterval));
  const {result, ms} = await timed(drain.wait({timeoutMs: 20_000}, signal));
  t.same(result.cut, []);
  t.ok(ms < 8_000, `${ms} ms`);
});

t.test(
  'traffic that a load balancer still sends holds up the drain although every answer is fast',
  async t => {
    const {ask, drain} = await serve(t, (_, response) => response.end('ok'));
    const traffic = setInterval(() => void ask(), 20);
    t.teardown(() => clearInterval(traffic));
    const stop = setTimeout(() => clearInterval(traffic), 1_500);
    t.teardown(() => clearTimeout(stop));
    const {ms} = await timed(drain.wait({timeoutMs: 20_000}, signal));
    t.ok(ms >= 1_500, `${ms} ms`);
  },
);

t.test('a counter of requests in flight decides', async t => {
  let inFlight = 2;
  const counting = await serve(t, (_, response) => response.end(`${inFlight}\n`));
  const quiet = await serve(t, () => undefined);
  const drain = drainOf([quiet.port], {
    quietMs: QUIET_MS,
    counter: `http://127.0.0.1:${counting.port}/in-flight`,
  });
  t.same((await drain.wait({timeoutMs: 500}, signal)).cut, ['2 in flight']);
  inFlight = 0;
  t.same((await drain.wait({timeoutMs: 20_000}, signal)).cut, []);
});

t.test('without ports and counter there is nothing to measure', async t => {
  t.same(await drainOf([], {quietMs: 10}).wait({timeoutMs: 1}, signal), {cut: []});
});

t.test('an aborted drain ends at once', async t => {
  const {port, drain} = await serve(t, () => undefined);
  const client = connect(port, '127.0.0.1');
  t.teardown(() => client.destroy());
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await t.rejects(drain.wait({timeoutMs: 20_000}, AbortSignal.timeout(300)), {name: /Abort|Timeout/});
});
