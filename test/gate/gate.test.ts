import {once} from 'node:events';
import {readFile, writeFile} from 'node:fs/promises';
import {createServer, type RequestListener} from 'node:http';
import {type AddressInfo, createServer as createTcpServer} from 'node:net';
import {join} from 'node:path';
import {performance} from 'node:perf_hooks';
import t, {type Test} from 'tap';
import type {GateSettings} from '../../agent/config/settings.ts';
import {gate} from '../../agent/gate/gate.ts';
import {reasonFrom} from '../support/reason-from.ts';
import {temporaryFolder} from '../support/temporary.ts';

const signal = new AbortController().signal;
const BASE: GateSettings = {intervalMs: 30, passes: 3, probeTimeoutMs: 300, timeoutMs: 0, bakeMs: 0};
const gateWith = (settings: Partial<GateSettings>) => gate({settings: {...BASE, ...settings}, units: []});

const serve = async (t: Test, listener: RequestListener) => {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`,
    asked: () => asked,
    server,
  };
};

const closedPort = async (): Promise<number> => {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

t.test('the gate opens after the passes in a row', async t => {
  const answers = [200, 500, 200, 200, 500, 200, 200, 204];
  const {url, asked} = await serve(t, (_, response) => response.writeHead(answers.shift() ?? 500).end());
  await gateWith({http: url}).pass({timeoutMs: 10_000}, signal);
  t.equal(asked(), 8);
});

t.test('an application that answers, and says no again and again, is not waited for', async t => {
  const {url, asked} = await serve(t, (_, response) => response.writeHead(500).end());
  const why = await reasonFrom(gateWith({http: url, failAfter: 4}).pass({timeoutMs: 60_000}, signal));
  t.match(why, {kind: 'gate.failed', details: {last: 'HTTP 500'}});
  t.equal(asked(), 4);
});

t.test('only refusals in a row count, and no answer is no refusal', async t => {
  const answers = [500, 500, 0, 500, 500, 200, 500, 500, 200, 200, 200];
  const {url, asked} = await serve(t, (request, response) => {
    const status = answers.shift() ?? 500;
    if (status === 0) request.socket.destroy();
    else response.writeHead(status).end();
  });
  await gateWith({http: url, failAfter: 3}).pass({timeoutMs: 60_000}, signal);
  t.equal(asked(), 11);
  const closed = `127.0.0.1:${await closedPort()}`;
  const start = performance.now();
  await reasonFrom(gateWith({tcp: closed, failAfter: 1}).pass({timeoutMs: 300}, signal));
  t.ok(performance.now() - start >= 300, 'a port that is not open yet is waited for');
});

t.test('a command that ends with another status refuses, one that cannot start does not', async t => {
  const file = join(await temporaryFolder(t), 'runs');
  const command = ['/bin/sh', '-c', `echo x >>${file}; exit 3`];
  const why = await reasonFrom(
    gateWith({command, failAfter: 2, probeTimeoutMs: 20_000}).pass({timeoutMs: 60_000}, signal),
  );
  t.match(why, {kind: 'gate.failed', details: {last: /exit status 3/}});
  t.equal(await readFile(file, 'utf8'), 'x\nx\n');
  const start = performance.now();
  await reasonFrom(gateWith({command: ['/nowhere'], failAfter: 1}).pass({timeoutMs: 300}, signal));
  t.ok(performance.now() - start >= 300);
});

t.test('at the deadline the probe and its last answer are told', async t => {
  const {url} = await serve(t, (_, response) => response.writeHead(503).end('database down\nmore'));
  const start = performance.now();
  t.match(await reasonFrom(gateWith({http: url}).pass({timeoutMs: 400}, signal)), {
    kind: 'gate.failed',
    details: {probe: `http ${url}`, last: 'HTTP 503: database down'},
  });
  const ms = performance.now() - start;
  t.ok(ms >= 400 && ms < 1_000, `${ms} ms`);
});

t.test('a server that does not answer, or not to the end, does not pass', async t => {
  const silent = await serve(t, () => undefined);
  const broken = await serve(t, (_, response) => {
    response.write('half');
    setImmediate(() => response.destroy());
  });
  const halting = await serve(t, (_, response) => void response.write('half'));
  const last = async (url: string) =>
    (await reasonFrom(gateWith({http: url}).pass({timeoutMs: 500}, signal))).details;
  t.match(await last(silent.url), {last: 'no answer in 0.3 s'});
  t.match(await last(halting.url), {last: 'no answer in 0.3 s'});
  t.match(await last(broken.url), {last: /broke off|reset|aborted/});
  t.match(await last(`http://127.0.0.1:${await closedPort()}/`), {last: 'connection refused'});
});

t.test('a redirect is not followed, an endless body is cut', async t => {
  const moved = await serve(t, (_, response) => response.writeHead(302, {location: '/'}).end());
  t.match(await reasonFrom(gateWith({http: moved.url}).pass({timeoutMs: 100}, signal)), {
    details: {last: 'HTTP 302'},
  });
  const endless = await serve(t, (_, response) => {
    const more = () => {
      while (response.writable && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  });
  await gateWith({http: endless.url}).pass({timeoutMs: 5_000}, signal);
});

t.test('tcp and command probes', async t => {
  const {url} = await serve(t, () => undefined);
  const port = new URL(url).port;
  const file = join(await temporaryFolder(t), 'ready');
  const both = gateWith({tcp: `127.0.0.1:${port}`, command: ['/usr/bin/test', '-e', file]});
  t.match(await reasonFrom(both.pass({timeoutMs: 200}, signal)), {
    details: {probe: 'command /usr/bin/test', last: /exit status 1/},
  });
  await writeFile(file, '');
  await both.pass({timeoutMs: 5_000}, signal);
  const refused = gateWith({tcp: `localhost:${await closedPort()}`}).pass({timeoutMs: 100}, signal);
  t.match(await reasonFrom(refused), {details: {last: 'connection refused'}});
  const hanging = gateWith({command: ['/bin/sleep', '1000']}).pass({timeoutMs: 2_000}, signal);
  t.match(await reasonFrom(hanging), {details: {last: /no answer in|stopped after/}});
});

t.test('a process that ended fails the gate at once', async t => {
  const start = performance.now();
  const dead = gate({settings: {...BASE, tcp: '127.0.0.1:1'}, units: [], running: async () => false});
  t.match(await reasonFrom(dead.pass({timeoutMs: 60_000}, signal)), {
    kind: 'gate.failed',
    details: {probe: 'process', last: 'the process ended'},
  });
  t.ok(performance.now() - start < 5_000);
});

t.test('without probes the gate is open', async () => {
  await gateWith({}).pass({timeoutMs: 1}, signal);
});

t.test('an aborted gate ends at once', async t => {
  const {url} = await serve(t, () => undefined);
  const abort = AbortSignal.timeout(100);
  await t.rejects(gateWith({http: url, probeTimeoutMs: 60_000}).pass({timeoutMs: 60_000}, abort), {
    name: /Timeout|Abort/,
  });
});

t.test('a bake that goes well ends after its time', async t => {
  const {url, asked} = await serve(t, (_, response) => response.end());
  const start = performance.now();
  await gateWith({http: url}).bake({forMs: 500}, signal);
  const ms = performance.now() - start;
  t.ok(ms >= 499 && ms < 700, `${ms} ms`);
  t.ok(asked() > 5, `${asked()} rounds`);
});

t.test('a bake ends on time in the middle of a slow answer', async t => {
  const {url} = await serve(t, () => undefined);
  const start = performance.now();
  await gateWith({http: url, probeTimeoutMs: 5_000}).bake({forMs: 200}, signal);
  t.ok(performance.now() - start < 1_000);
});

t.test('two failed rounds are forgiven while baking, three are not', async t => {
  const answers = [200, 500, 500, 200, 500, 500, 200, 500, 500, 500];
  const {url, asked} = await serve(t, (_, response) => response.writeHead(answers.shift() ?? 200).end());
  t.match(await reasonFrom(gateWith({http: url}).bake({forMs: 20_000}, signal)), {
    kind: 'bake.failed',
    details: {probe: `http ${url}`, last: 'HTTP 500'},
  });
  t.equal(asked(), 10);
});

t.test('failures at the end of the bake time are followed to their end', async t => {
  const {url} = await serve(t, (_, response) => response.writeHead(500).end());
  t.match(await reasonFrom(gateWith({http: url, intervalMs: 200}).bake({forMs: 100}, signal)), {
    kind: 'bake.failed',
  });
});

t.test('a process that ends fails the bake at once', async t => {
  let alive = true;
  const {url} = await serve(t, (_, response) => response.end());
  const baking = gate({settings: {...BASE, http: url}, units: [], running: async () => alive});
  await baking.pass({timeoutMs: 5_000}, signal);
  alive = false;
  t.match(await reasonFrom(baking.bake({forMs: 60_000}, signal)), {
    kind: 'bake.failed',
    details: {probe: 'process'},
  });
});

t.test('a bake of no time is done, an aborted one ends', async t => {
  const {url} = await serve(t, (_, response) => response.end());
  await gateWith({http: url}).bake({forMs: 0}, signal);
  await t.rejects(gateWith({http: url}).bake({forMs: 60_000}, AbortSignal.timeout(100)), {
    name: /Timeout|Abort/,
  });
});
