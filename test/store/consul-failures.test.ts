import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {type Reason, reasonText} from '../../agent/core/reason.ts';
import type {Store, WatchUpdate} from '../../agent/ports.ts';
import {openStore} from '../../agent/store/open.ts';
import {startConsulServer} from '../lab/services/consul.ts';
import {startConsul} from '../support/consul.ts';
import {eventually} from '../support/eventually.ts';
import {fetch} from '../support/fetch.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {startProxy} from './consul-proxy.ts';
import {collect} from './contract/watch.ts';

const skip = unmet('root', 'debian');
const never = new AbortController().signal;
const unreachable = {name: 'ReasonError', reason: {kind: 'store.unreachable'}};
const refused = {name: 'ReasonError', reason: {kind: 'store.refused'}};

const open = async (t: Test, url: string): Promise<Store> => {
  const tuning = {sessionTtlMinMs: 1_000, callDeadlineMs: 2_000, watchWaitMs: 20_000};
  const store = await openStore({kind: 'consul', url, prefix: 'test'}, tuning);
  t.teardown(() => store.close());
  return store;
};

/** The types of the updates; losses one after the other that have different reasons are one. */
const told = (updates: readonly WatchUpdate[]): string[] =>
  updates
    .filter((update, n) => update.type === 'value' || isFirst(update.cause, updates[n - 1]))
    .map(({type}) => type);

const isFirst = (cause: Reason, before: WatchUpdate | undefined): boolean =>
  before?.type !== 'lost' || reasonText(before.cause) === reasonText(cause);

await t.test('a server that dies and comes back', {skip}, async t => {
  const consul = await startConsul(t);
  const store = await open(t, consul.address);
  await store.put('web/desired', 'one', 'any', never);
  const watch = collect(t, store, 'web/desired');
  const missing = collect(t, store, 'web/freeze');
  const presence = store.presence({key: 'web/hosts/i-1', ttlMs: 1_000, takeOver: true});
  const lost: unknown[] = [];
  presence.onLost(cause => lost.push(cause));
  await presence.set('serving', never);
  await eventually('the watch to begin', () => watch.last() === 'web/desired=one');

  await consul.kill();
  await t.rejects(store.get('web/desired', never), unreachable, 'a read says so');
  await t.rejects(store.put('web/desired', 'x', 'any', never), unreachable, 'and a write');
  await eventually('the watch to be lost', () => watch.last() === 'lost');
  await eventually('the presence to be lost', () => lost.length > 0);
  t.match(lost, [{kind: 'presence.lost', details: {cause: /does not answer/}}], 'the presence is lost, once');
  await t.rejects(presence.set('serving', never), unreachable);

  await consul.start();
  await eventually('the value again', () => watch.last() === 'web/desired=one', {timeoutMs: 30_000});
  t.same(told(watch.updates), ['value', 'lost', 'value'], 'the watch says each once');
  await eventually('the missing key again', () => missing.last() === '', {timeoutMs: 30_000});
  t.equal(await presence.set('serving', never), true, 'the presence can be set again');
  await store.put('web/desired', 'two', 'any', never);
  await eventually('the next value', () => watch.last() === 'web/desired=two');
});

await t.test('an index that goes backwards', {skip}, async t => {
  const dir = await temporaryFolder(t);
  const consul = await startConsulServer({dir});
  t.teardown(() => consul.stop());
  const store = await open(t, consul.address);
  await store.put('web/desired', 'old', 'any', never);
  const watch = collect(t, store, 'web/desired');
  const hosts = collect(t, store, 'web/hosts/');
  const snapshot = await (await fetch(`${consul.address}/v1/snapshot`)).bytes();
  for (let n = 0; n < 30; n += 1) await store.put('web/hosts/i-1', String(n), 'any', never);
  await store.put('web/desired', 'new', 'any', never);
  await eventually('the new value', () => watch.last() === 'web/desired=new');
  await eventually('the host', () => hosts.last() === 'web/hosts/i-1=29');
  const restored = await fetch(`${consul.address}/v1/snapshot`, {method: 'PUT', body: snapshot});
  t.equal(restored.status, 200);
  await eventually('the restored value', () => watch.last() === 'web/desired=old');
  await eventually('the restored prefix', () => hosts.last() === '');
  t.equal(
    watch.updates.filter(({type}) => type === 'lost').length,
    0,
    'a restored snapshot is a change, no loss',
  );

  await consul.kill();
  await rm(join(dir, 'data'), {recursive: true});
  await consul.start();
  await eventually('nothing', () => watch.last() === '', {timeoutMs: 30_000});
  await store.put('web/desired', 'first', 'absent', never);
  await eventually('a first value', () => watch.last() === 'web/desired=first');
  t.pass('a server that lost its data is watched on');
});

await t.test('a snapshot that holds the session, and an older value', {skip}, async t => {
  const consul = await startConsulServer({dir: await temporaryFolder(t)});
  t.teardown(() => consul.stop());
  const store = await open(t, consul.address);
  const presence = store.presence({key: 'web/hosts/i-1', ttlMs: 1_000, takeOver: true});
  const written = async () => (await store.get('web/hosts/i-1', never))?.value;
  let losses = 0;
  const again: Promise<boolean>[] = [];
  presence.onLost(() => {
    losses += 1;
    again.push(presence.set('serving', never));
  });
  await presence.set('booting', never);
  const snapshot = await (await fetch(`${consul.address}/v1/snapshot`)).bytes();
  await presence.set('serving', never);
  t.equal((await fetch(`${consul.address}/v1/snapshot`, {method: 'PUT', body: snapshot})).status, 200);
  await eventually('the value of now', async () => (await written()) === 'serving', {timeoutMs: 30_000});
  t.same(await Promise.all(again), [true], 'what was written last is no more: that is a loss');
  t.equal(losses, 1);
});

await t.test('a peer that misbehaves', {skip}, async t => {
  const consul = await startConsul(t);
  const proxy = await startProxy(t, consul.address);
  const store = await open(t, proxy.address);
  await store.put('web/desired', 'x'.repeat(20_000), 'any', never);
  const watch = collect(t, store, 'web/desired');
  await eventually('the watch to begin', () => watch.updates.length === 1);

  proxy.behave({do: 'cut'});
  proxy.drop();
  const isLost = () => watch.updates.some(({type}) => type === 'lost');
  await eventually('the watch to tell of it', isLost, {timeoutMs: 30_000});
  await t.rejects(store.get('web/desired', never), unreachable, 'one that dies in the middle of its answer');
  proxy.behave({do: 'hang'});
  const startedAt = Date.now();
  await t.rejects(store.get('web/desired', never), {message: /no answer in 2 s/}, 'one that never answers');
  t.ok(Date.now() - startedAt < 3_000, 'has a deadline');
  const abort = new AbortController();
  const aborted = store.get('web/desired', abort.signal);
  abort.abort(new Error('told to stop'));
  await t.rejects(aborted, {message: 'told to stop'}, 'a call under way can be aborted');

  const answers = [
    [500, 'No cluster leader', unreachable],
    [503, '', unreachable],
    [429, 'Your IP is issuing too many concurrent connections', unreachable],
    [200, '<html>not Consul</html>', unreachable],
    [302, '', unreachable],
    [400, 'Invalid wait time', refused],
    [403, 'Permission denied', refused],
    [500, 'rpc error making call: Permission denied', refused],
  ] as const;
  for (const [status, text, expected] of answers) {
    proxy.behave({do: 'answer', status, text});
    await t.rejects(store.get('web/desired', never), expected, `${status} ${text}`);
    await t.rejects(store.put('web/desired', 'x', 'any', never), expected);
  }
  const headers = {'X-Consul-Results-Filtered-By-ACLs': 'true'};
  proxy.behave({do: 'answer', status: 200, text: '[]', headers});
  await t.rejects(store.list('web/', never), {message: /may not read all/}, 'an answer with parts left out');

  proxy.behave({do: 'pass'});
  await eventually('the watch to recover', () => watch.last()?.includes('xxx'), {timeoutMs: 30_000});
  t.same(told(watch.updates), ['value', 'lost', 'value'], 'each reason of the outage was told once');
});

await t.test('what a watch costs', {skip}, async t => {
  const consul = await startConsul(t);
  const proxy = await startProxy(t, consul.address);
  const store = await open(t, proxy.address);
  const direct = await open(t, consul.address);
  await store.put('web/there', 'x', 'any', never);
  const watches = ['a', 'b', 'c', 'd', 'there', 'hosts/'].map(key => collect(t, store, `web/${key}`));
  await eventually('all to begin', () => watches.every(({updates}) => updates.length === 1));
  await eventually('all to block', () => proxy.requests.filter(text => text.includes('wait=')).length >= 6);
  t.ok(proxy.sockets() <= 6 + 4, `one connection each and at most four for calls (${proxy.sockets()})`);
  const before = proxy.requests.length;
  for (let n = 0; n < 400; n += 1) await direct.put('web/other', String(n), 'any', never);
  const after = proxy.requests.length - before;
  t.comment(`${after} requests of 5 watches on keys that are not there during 400 writes to another`);
  t.ok(after < 80, 'unrelated writes cause no busy loop');
  t.ok(
    watches.every(({updates}) => updates.length === 1),
    'and are no news',
  );
  await direct.put('web/a', 'now', 'any', never);
  const sees = () => watches[0]?.last() === 'web/a=now';
  const startedAt = Date.now();
  await eventually('the key to be seen when it comes', sees, {timeoutMs: 20_000});
  t.comment(`seen after ${Date.now() - startedAt} ms`);
});

await t.test('values that others wrote', {skip}, async t => {
  const consul = await startConsul(t);
  const store = await open(t, consul.address);
  const raw = (path: string, body: Buffer) =>
    fetch(`${consul.address}/v1/kv/test/${path}`, {method: 'PUT', body: new Uint8Array(body)});
  await raw('web/desired', Buffer.from([0x73, 0xff, 0xfe]));
  await raw('web/hosts/', Buffer.from(''));
  await raw('web/has%20space', Buffer.from('x'));
  t.equal(
    (await store.get('web/desired', never))?.value,
    's\uFFFD\uFFFD',
    'bytes that are not UTF-8 are marked',
  );
  const keys = (await store.list('web/', never)).map(({key}) => key);
  t.same(keys, ['web/desired'], 'folders of the web interface and other names are no keys');
});

await t.test('a session that an operator destroys', {skip}, async t => {
  const consul = await startConsul(t);
  const store = await open(t, consul.address);
  const presence = store.presence({key: 'web/coordinator', ttlMs: 1_000, takeOver: false});
  const lost: unknown[] = [];
  presence.onLost(cause => lost.push(cause));
  t.equal(await presence.set('me', never), true);
  const sessions: unknown = await (await fetch(`${consul.address}/v1/session/list`)).json();
  if (!Array.isArray(sessions)) return void t.fail('no list of sessions');
  t.equal(sessions.length, 1);
  await fetch(`${consul.address}/v1/session/destroy/${sessions[0].ID}`, {method: 'PUT'});
  t.equal(await store.get('web/coordinator', never), null);
  await eventually('the loss to be told', () => lost.length > 0);
  t.equal(await presence.set('me again', never), true, 'it is taken again at once: there is no lock delay');
});
