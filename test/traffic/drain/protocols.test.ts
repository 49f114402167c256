/** What the sockets cannot tell: TLS, HTTP/2, gRPC, WebSockets and answers that rest, each with a real server. */
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {createServer, request as plainRequest, type RequestListener} from 'node:http';
import {
  connect as connect2,
  createSecureServer,
  createServer as createServer2,
  type ServerHttp2Stream,
} from 'node:http2';
import {createServer as createTlsServer, request as tlsRequest} from 'node:https';
import type {Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import t, {type Test} from 'tap';
import {selfSigned} from '../../support/certificate.ts';
import {eventually} from '../../support/eventually.ts';
import {drainOf, listen, timed} from './support.ts';

const signal = new AbortController().signal;
const TIMEOUT_MS = 8_000;
const SLOW_MS = 3_000;

/** Answers after a while in which nothing moves. */
const slow: RequestListener = (_, response) => void setTimeout(() => response.end('done'), SLOW_MS);

const track = (work: Promise<unknown>) => {
  const seen = {over: false};
  const done = () => {
    seen.over = true;
  };
  work.then(done, done);
  return seen;
};

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`${version}: the first request of a connection is waited for though nothing moves`, async t => {
    const {key, cert} = await selfSigned(t);
    const server = createTlsServer({key, cert, minVersion: version, maxVersion: version}, slow);
    const port = await listen(t, server);
    const ask = tlsRequest({port, host: '127.0.0.1', rejectUnauthorized: false, agent: false});
    const answered = track(once(ask, 'response'));
    ask.end();
    await once(server, 'request');
    await sleep(500);
    const drain = drainOf([port], {protocol: 'opaque', restMs: SLOW_MS + 1_500});
    const {result} = await timed(drain.wait({timeoutMs: TIMEOUT_MS}, signal));
    t.same(result.cut, []);
    t.ok(answered.over, 'it was answered');
    ask.destroy();
  });
}

t.test('nothing declared: an opaque connection has the whole time', async t => {
  const {key, cert} = await selfSigned(t);
  const server = createTlsServer({key, cert}, slow);
  const port = await listen(t, server);
  const ask = tlsRequest({port, host: '127.0.0.1', rejectUnauthorized: false, agent: false});
  const answered = track(once(ask, 'response'));
  ask.end();
  await once(server, 'request');
  const {ms} = await timed(drainOf([port], {protocol: 'opaque'}).wait({timeoutMs: 4_500}, signal));
  t.ok(answered.over, 'it was answered');
  t.ok(ms >= SLOW_MS, `${ms} ms`);
  ask.destroy();
});

const http2 = async (t: Test, secure: boolean) => {
  const keys = await selfSigned(t);
  const server = secure ? createSecureServer(keys) : createServer2();
  server.on('stream', (stream: ServerHttp2Stream, {':path': path}) => {
    const answer = () => {
      stream.respond({':status': 200});
      stream.end('x');
    };
    setTimeout(answer, path === '/slow' ? SLOW_MS : 30);
  });
  const port = await listen(t, server);
  const client = connect2(`${secure ? 'https' : 'http'}://127.0.0.1:${port}`, {rejectUnauthorized: false});
  t.teardown(() => client.destroy());
  await once(client, 'connect');
  const ask = (path: string) => {
    const stream = client.request({':path': path});
    stream.resume();
    return once(stream, 'end');
  };
  return {port, ask, client};
};

for (const secure of [false, true]) {
  t.test(
    `HTTP/2 ${secure ? 'over TLS' : 'in clear'}: a slow stream beside a fast one is waited for`,
    async t => {
      const {port, ask} = await http2(t, secure);
      const answered = track(ask('/slow'));
      await sleep(300);
      await ask('/fast');
      const drain = drainOf([port], {protocol: 'opaque', restMs: SLOW_MS + 1_000});
      const {result} = await timed(drain.wait({timeoutMs: TIMEOUT_MS}, signal));
      t.same(result.cut, []);
      t.ok(answered.over, 'it was answered');
    },
  );
}

t.test('gRPC: a stream of messages with rests is waited for, and named when it does not end', async t => {
  const server = createServer2();
  let messages = 0;
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({':status': 200, 'content-type': 'application/grpc'}, {waitForTrailers: true});
    stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
    const beat = setInterval(() => {
      messages += 1;
      const frame = Buffer.from([0, 0, 0, 0, 1, messages]);
      if (messages < 4) return void stream.write(frame);
      clearInterval(beat);
      stream.end(frame);
    }, 1_000);
    stream.on('close', () => clearInterval(beat));
  });
  const port = await listen(t, server);
  const client = connect2(`http://127.0.0.1:${port}`);
  t.teardown(() => client.destroy());
  const stream = client.request({
    ':method': 'POST',
    ':path': '/chat.Chat/Listen',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.resume();
  const trailers = once(stream, 'trailers');
  await once(stream, 'response');
  const peer = `127.0.0.1:${client.socket.localPort}`;
  const drain = drainOf([port], {protocol: 'opaque', restMs: 1_800});
  t.same((await drain.wait({timeoutMs: 1_200}, signal)).cut, [peer], 'named at a deadline that is too short');
  t.same((await drain.wait({timeoutMs: TIMEOUT_MS}, signal)).cut, []);
  t.equal(messages, 4, 'all messages were sent');
  t.match(await trailers, [{'grpc-status': '0'}]);
});

/** A WebSocket by hand (RFC 6455): the handshake, then frames of the server each `everyMs`. */
const webSocket = async (t: Test, everyMs: number) => {
  const sockets: Socket[] = [];
  const server = createServer();
  server.on('upgrade', (incoming, socket: Socket) => {
    const accept = createHash('sha1')
      .update(`${incoming.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}`;
    socket.write(`${head}\r\n\r\n`);
    sockets.push(socket);
    const beat = setInterval(() => socket.write(Buffer.from([0x81, 2, 0x68, 0x69])), everyMs);
    socket.on('close', () => clearInterval(beat)).on('error', () => undefined);
  });
  t.teardown(() => sockets.forEach(socket => void socket.destroy()));
  const port = await listen(t, server);
  const key = randomBytes(16).toString('base64');
  const headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
  };
  const ask = plainRequest({port, host: '127.0.0.1', headers, agent: false});
  ask.end();
  const [, client] = (await once(ask, 'upgrade')) as [unknown, Socket];
  client.resume();
  t.teardown(() => void client.destroy());
  return {port, sockets, peer: `127.0.0.1:${client.localPort}`};
};

t.test('WebSockets: an open one has the time until the deadline, and is named then', async t => {
  const {port, peer} = await webSocket(t, 800);
  const drain = drainOf([port], {protocol: 'opaque', restMs: 1_500});
  t.same((await drain.wait({timeoutMs: 3_000}, signal)).cut, [peer]);
});

t.test('WebSockets: an application that closes its own ends the drain', async t => {
  const {port, sockets} = await webSocket(t, 800);
  const closing = setTimeout(() => sockets.forEach(socket => void socket.end(Buffer.from([0x88, 0]))), 1_000);
  t.teardown(() => clearTimeout(closing));
  const {result, ms} = await timed(
    drainOf([port], {protocol: 'opaque', restMs: 60_000}).wait({timeoutMs: TIMEOUT_MS}, signal),
  );
  t.same(result.cut, []);
  t.ok(ms < TIMEOUT_MS, `${ms} ms`);
});

/** Server-sent events, one each `everyMs`, `count` in all. */
const events = async (t: Test, everyMs: number, count: number) => {
  const sent = {events: 0};
  const server = createServer((_, response) => {
    response.writeHead(200, {'content-type': 'text/event-stream'});
    response.write(': begin\n\n');
    const beat = setInterval(() => {
      sent.events += 1;
      response.write('data: x\n\n');
      if (sent.events >= count) response.end();
    }, everyMs);
    response.on('close', () => clearInterval(beat));
  });
  const port = await listen(t, server);
  const ask = plainRequest({port, host: '127.0.0.1', agent: false});
  ask.end();
  const [response] = await once(ask, 'response');
  response.resume();
  t.teardown(() => void ask.destroy());
  return {port, sent, peer: `127.0.0.1:${ask.socket?.localPort}`};
};

t.test('server-sent events whose rest is declared are waited for, and named at the deadline', async t => {
  const {port, sent, peer} = await events(t, 1_500, 3);
  const drain = drainOf([port], {restMs: 2_500});
  t.same((await drain.wait({timeoutMs: 1_000}, signal)).cut, [peer]);
  t.same((await drain.wait({timeoutMs: TIMEOUT_MS}, signal)).cut, []);
  t.equal(sent.events, 3);
});

t.test('a long poll over HTTP/1.1 is waited for however long it rests', async t => {
  const port = await listen(t, createServer(slow));
  const ask = plainRequest({port, host: '127.0.0.1', agent: false});
  const answered = track(once(ask, 'response'));
  ask.end();
  await once(ask, 'socket');
  await sleep(200);
  t.same((await drainOf([port]).wait({timeoutMs: TIMEOUT_MS}, signal)).cut, []);
  t.ok(answered.over);
});

t.test('idle opaque connections that rested long enough hold nothing up', async t => {
  const {port, ask} = await http2(t, true);
  await ask('/fast');
  await sleep(1_200);
  const {result, ms} = await timed(
    drainOf([port], {protocol: 'opaque', restMs: 1_000}).wait({timeoutMs: TIMEOUT_MS}, signal),
  );
  t.same(result.cut, []);
  t.ok(ms < TIMEOUT_MS / 2, `${ms} ms`);
});

t.test('the counter speaks for opaque connections', async t => {
  const {port, ask} = await http2(t, true);
  let inFlight = 1;
  const counting = await listen(
    t,
    createServer((_, response) => response.end(String(inFlight))),
  );
  const stop = setInterval(() => void ask('/fast').catch(() => undefined), 400);
  t.teardown(() => clearInterval(stop));
  const drain = drainOf([port], {protocol: 'opaque', counter: `http://127.0.0.1:${counting}/`});
  t.equal((await drain.wait({timeoutMs: 800}, signal)).cut.length, 1, 'it says that one is in flight');
  inFlight = 0;
  clearInterval(stop);
  const {ms} = await timed(drain.wait({timeoutMs: TIMEOUT_MS}, signal));
  t.ok(ms < TIMEOUT_MS / 2, `${ms} ms`);
});

t.test('peers whose connections do not count hold nothing up', async t => {
  const {port, ask} = await http2(t, false);
  const scrape = setInterval(() => void ask('/fast').catch(() => undefined), 300);
  t.teardown(() => clearInterval(scrape));
  await eventually('a first answer', () => ask('/fast').then(() => true));
  const restMs = 2_000;
  const busy = await drainOf([port], {protocol: 'opaque', restMs}).wait({timeoutMs: 1_500}, signal);
  t.equal(busy.cut.length, 1);
  const ignoring = drainOf([port], {protocol: 'opaque', restMs, ignore: ['10.0.0.1', '127.0.0.0/8']});
  const {result, ms} = await timed(ignoring.wait({timeoutMs: TIMEOUT_MS}, signal));
  t.same(result.cut, []);
  t.ok(ms < TIMEOUT_MS / 2, `${ms} ms`);
});
