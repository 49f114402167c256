/** An application in a network namespace of its own: its connections are looked at there, or known to be unseen. */
import {type ChildProcess, execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:http';
import {connect} from 'node:net';
import {createInterface} from 'node:readline';
import {promisify} from 'node:util';
import t, {type Test} from 'tap';
import type {Reason} from '../../../agent/core/reason.ts';
import {unmet} from '../../support/needs.ts';
import {drainOf, listen, timed, up} from './support.ts';

const execute = promisify(execFile);
const signal = new AbortController().signal;
const SERVER = `require('node:http').createServer((_, response) => setTimeout(() => response.end('done'), 2500))
  .listen(Number(process.argv[1]), '127.0.0.1', function () { console.log(this.address().port); });`;

let made = 0;
const namespace = async (t: Test): Promise<string> => {
  made += 1;
  const name = `drain-${process.pid}-${made}`;
  await execute('ip', ['netns', 'add', name]);
  t.teardown(() => execute('ip', ['netns', 'del', name]));
  await execute('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  return name;
};

const inside = (t: Test, name: string, ...command: string[]): ChildProcess => {
  const child = spawn('ip', ['netns', 'exec', name, ...command], {stdio: ['ignore', 'pipe', 'inherit']});
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return child;
};

/** An application that answers after 2.5 s, in a namespace. */
const application = async (t: Test, name: string, port = 0) => {
  const child = inside(t, name, process.execPath, '-e', SERVER, String(port));
  const [line] = await once(createInterface({input: child.stdout as NodeJS.ReadableStream}), 'line');
  return {port: Number(line), application: {...up, processes: async () => [child.pid ?? 0]}};
};

t.test('a namespace of its own', {skip: unmet('root')}, async t => {
  await t.test('a request in it is waited for', async t => {
    const name = await namespace(t);
    const {port, application: app} = await application(t, name);
    const client = inside(t, name, 'curl', '-sf', '-m', '20', `http://127.0.0.1:${port}/`);
    const ended = once(client, 'exit');
    await new Promise(resolve => setTimeout(resolve, 700));
    const {result, ms} = await timed(drainOf([port], {application: app}).wait({timeoutMs: 20_000}, signal));
    t.same(result.cut, []);
    t.equal(client.exitCode, 0, 'it was answered before the drain was over');
    t.same(await ended, [0, null]);
    t.ok(ms < 15_000, `${ms} ms`);
  });

  await t.test('a request in it that takes too long is named', async t => {
    const name = await namespace(t);
    const {port, application: app} = await application(t, name);
    inside(t, name, 'curl', '-sf', '-m', '20', `http://127.0.0.1:${port}/`);
    await new Promise(resolve => setTimeout(resolve, 700));
    const {cut} = await drainOf([port], {application: app}).wait({timeoutMs: 800}, signal);
    t.match(cut, [/^127\.0\.0\.1:\d+$/]);
  });

  await t.test('another port than the one that it listens on there is never taken for idle', async t => {
    const {port: inner, application: app} = await application(t, await namespace(t));
    const port = await listen(t, createServer()); // what forwards it to the application
    const told: (Reason | null)[] = [];
    const reportBlocker = (_: string, cause: Reason | null) => void told.push(cause);
    const drain = drainOf([port], {application: app, reportBlocker});
    const {result, ms} = await timed(drain.wait({timeoutMs: 1_500}, signal));
    t.ok(ms >= 1_500, `${ms} ms`);
    t.same(result.cut, ['unknown: drain.unseen']);
    t.match(told[0], {kind: 'drain.unseen', details: {port, cause: new RegExp(`listens on ${inner}$`)}});
    t.equal(told.at(-1), null);
  });
});

t.test('a port that nobody listens on, though the application runs, is never taken for idle', async t => {
  const server = createServer();
  const port = await listen(t, server);
  server.close();
  const told: (Reason | null)[] = [];
  const reportBlocker = (_: string, cause: Reason | null) => void told.push(cause);
  const {result, ms} = await timed(drainOf([port], {reportBlocker}).wait({timeoutMs: 1_200}, signal));
  t.ok(ms >= 1_200, `${ms} ms`);
  t.same(result.cut, ['unknown: drain.unseen']);
  t.match(told[0]?.details.cause, /nobody listens/);
});

t.test('there is nothing to wait for when the application does not run', async t => {
  const server = createServer();
  const port = await listen(t, server);
  server.close();
  const application = {...up, isRunning: async () => false};
  const {result, ms} = await timed(drainOf([port], {application}).wait({timeoutMs: 10_000}, signal));
  t.same(result.cut, []);
  t.ok(ms < 5_000, `${ms} ms`);
  const counter = `http://127.0.0.1:${port}/`;
  t.same(await drainOf([], {application, counter}).wait({timeoutMs: 10_000}, signal), {cut: []});
});

t.test('an application that stopped listening is still seen by its connections', async t => {
  const server = createServer((_, response) => void setTimeout(() => response.end('done'), 1_500));
  const port = await listen(t, server);
  const client = connect(port, '127.0.0.1');
  t.teardown(() => client.destroy());
  let answered = false;
  client.once('data', () => {
    answered = true;
  });
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(server, 'request');
  server.close();
  t.same((await drainOf([port]).wait({timeoutMs: 20_000}, signal)).cut, []);
  t.ok(answered);
});

t.test('a port that Docker forwards is never taken for idle', async t => {
  const port = await listen(t, createServer());
  const words = ['-proto', 'tcp', '-host-port', String(port), '-container-port', '80'];
  const proxy = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', ...['--', ...words]], {
    argv0: '/usr/bin/docker-proxy',
    stdio: 'ignore',
  });
  await once(proxy, 'spawn');
  t.teardown(async () => {
    proxy.kill();
    await once(proxy, 'exit');
  });
  t.same((await drainOf([port]).wait({timeoutMs: 700}, signal)).cut, ['unknown: drain.unseen']);
});

t.test('a counter that does not answer is no sign of rest; one that does needs no sight', async t => {
  const gone = createServer();
  const other = await listen(t, gone);
  gone.close();
  const told: (Reason | null)[] = [];
  const reportBlocker = (_: string, cause: Reason | null) => void told.push(cause);
  const silent = drainOf([], {counter: `http://127.0.0.1:${other}/`, reportBlocker});
  t.same((await silent.wait({timeoutMs: 900}, signal)).cut, ['unknown: drain.counter']);
  t.equal(told[0]?.kind, 'drain.counter');
  const counting = await listen(
    t,
    createServer((_, response) => response.end('0')),
  );
  const counted = drainOf([other], {counter: `http://127.0.0.1:${counting}/`});
  t.same((await counted.wait({timeoutMs: 10_000}, signal)).cut, []);
});
