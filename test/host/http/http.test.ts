import {once} from 'node:events';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {performance} from 'node:perf_hooks';
import t, {type Test} from 'tap';
import {httpCall} from '../../../agent/host/http/http.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const signal = new AbortController().signal;

const serve = async (t: Test, listener: RequestListener, at: string | {host: string; port: number}) => {
  const server = createServer(listener);
  server.listen(at);
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return server.address() as AddressInfo;
};
const local = {host: '127.0.0.1', port: 0};
const call = (port: number, more: Partial<Parameters<typeof httpCall>[0]> = {}) =>
  httpCall({base: `http://127.0.0.1:${port}`, path: '/v1/x?y=1', timeoutMs: 5_000, ...more}, signal);

t.test('method, path, headers and body arrive, status, headers and body come back', async t => {
  const {port} = await serve(
    t,
    async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const seen = [
        request.method,
        request.url,
        request.headers['x-consul-token'],
        Buffer.concat(chunks),
      ].join(' ');
      response.writeHead(201, {'x-index': '7'}).end(seen);
    },
    local,
  );
  const answer = await call(port, {method: 'PUT', headers: {'X-Consul-Token': 'secret'}, body: 'käse'});
  t.match(answer, {status: 201, headers: {'x-index': '7'}, body: 'PUT /v1/x?y=1 secret käse'});
  t.equal((await call(port, {base: `http://127.0.0.1:${port}/below/`})).body, 'GET /below/v1/x?y=1  ');
});

t.test('unix sockets and IPv6 addresses can be asked', async t => {
  const path = join(await temporaryFolder(t), 'api.sock');
  await serve(t, (_, response) => response.end('here'), path);
  t.equal((await call(0, {base: `unix://${path}`})).body, 'here');
  const {port} = await serve(t, (_, response) => response.end('six'), {host: '::1', port: 0});
  t.equal((await call(0, {base: `http://[::1]:${port}`})).body, 'six');
  await t.rejects(call(0, {base: `unix://${path}.gone`}), {message: 'the socket is not there'});
});

t.test('a peer that dies in the middle of the body is an error at once', async t => {
  const {port} = await serve(
    t,
    (_, response) => {
      response.writeHead(200, {'content-length': '1000'}).write('half');
      setImmediate(() => response.destroy());
    },
    local,
  );
  const start = performance.now();
  await t.rejects(call(port), {message: /broke off|aborted|reset/});
  t.ok(performance.now() - start < 3_000);
});

t.test('the deadline covers a body that stalls', async t => {
  const {port} = await serve(t, (_, response) => void response.write('half'), local);
  await t.rejects(call(port, {timeoutMs: 200}), {message: 'no answer in 0.2 s'});
});

t.test('a long answer is an error, or cut where that is asked for', async t => {
  const {port} = await serve(t, (_, response) => response.end('x'.repeat(100_000)), local);
  await t.rejects(call(port, {maxBytes: 10}), {message: 'the answer is longer than 10 bytes'});
  t.equal((await call(port, {maxBytes: 10, overflow: 'cut'})).body, 'x'.repeat(10));
  t.equal((await call(port, {maxBytes: 100_000})).body.length, 100_000);
});

t.test('an aborted call throws the abort', async t => {
  const {port} = await serve(t, () => undefined, local);
  const controller = new AbortController();
  const waiting = httpCall(
    {base: `http://127.0.0.1:${port}`, path: '/', timeoutMs: 60_000},
    controller.signal,
  );
  controller.abort(new Error('enough'));
  await t.rejects(waiting, {message: 'enough'});
});
