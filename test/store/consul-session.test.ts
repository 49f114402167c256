import t, {type Test} from 'tap';
import type {Presence, Store} from '../../agent/ports.ts';
import {openStore} from '../../agent/store/open.ts';
import {startConsul} from '../support/consul.ts';
import {eventually} from '../support/eventually.ts';
import {fetch} from '../support/fetch.ts';
import {unmet} from '../support/needs.ts';
import {startProxy} from './consul-proxy.ts';

const skip = unmet('root', 'debian');
const never = new AbortController().signal;
const HOST = {key: 'web/hosts/i-1', ttlMs: 1_000, takeOver: true};
const HAT = {key: 'web/coordinator', ttlMs: 1_000, takeOver: false};
const tuning = {sessionTtlMinMs: 1_000, callDeadlineMs: 2_000};

const followed = (store: Store, options: typeof HOST): {presence: Presence; lost: string[]} => {
  const lost: string[] = [];
  const presence = store.presence(options);
  presence.onLost(cause => lost.push(JSON.stringify(cause)));
  return {presence, lost};
};

await t.test('one session for all keys of a host', {skip}, async t => {
  const consul = await startConsul(t);
  let opened = 0;

  /** A coordinator's two keys, below a prefix of their own. */
  const start = async (t: Test, url = consul.address, more: {prefix?: string; ttlMs?: number} = {}) => {
    const {prefix = `test/${++opened}`, ttlMs = HOST.ttlMs} = more;
    const store = await openStore({kind: 'consul', url, prefix}, tuning);
    t.teardown(() => store.close());
    const [host, hat] = [followed(store, {...HOST, ttlMs}), followed(store, {...HAT, ttlMs})];
    t.equal(await host.presence.set('serving', never), true);
    return {prefix, store, host, hat};
  };
  const startBoth = async (t: Test, url?: string, ttlMs?: number) => {
    const started = await start(t, url, ttlMs === undefined ? {} : {ttlMs});
    t.equal(await started.hat.presence.set('i-1', never), true);
    return started;
  };
  const call = (method: string, path: string, body?: string) =>
    fetch(`${consul.address}/v1/${path}`, {method, ...(body !== undefined && {body})});
  const sessionOf = async (prefix: string, key: string): Promise<string | undefined> => {
    const reply = await call('GET', `kv/${prefix}/${key}`);
    return reply.ok ? ((await reply.json()) as [{Session?: string}])[0].Session : undefined;
  };

  await t.test('is made once and renewed once', async t => {
    const proxy = await startProxy(t, consul.address);
    const count = (text: string): number => proxy.requests.filter(asked => asked.includes(text)).length;
    const {prefix, host, hat} = await startBoth(t, proxy.address, 3_000);
    const looks = (key: string): number => count(`GET /v1/kv/${prefix}/${key}?stale`);
    await eventually('both keys to be looked at', () => Math.min(looks(HOST.key), looks(HAT.key)) > 2, {
      timeoutMs: 40_000,
    });
    t.equal(count('session/create'), 1, 'one session');
    t.equal(await sessionOf(prefix, HOST.key), await sessionOf(prefix, HAT.key), 'holds both');
    // each key is looked at on every second of its turns: without sharing each turn of each key is a renewal, twice as many
    const turns = 2 * Math.max(looks(HOST.key), looks(HAT.key));
    t.ok(
      count('session/renew') <= 1.5 * turns,
      `${count('session/renew')} renewals in ${turns} turns of a key`,
    );
    t.same([host.lost, hat.lost], [[], []], 'and both are kept');
  });

  await t.test('the end of one key is not that of the other', async t => {
    const {prefix, store, host, hat} = await startBoth(t);
    const session = await sessionOf(prefix, HOST.key);
    await hat.presence.release(never);
    t.equal(await store.get(HAT.key, never), null);
    t.equal(await sessionOf(prefix, HOST.key), session, 'the host is there');
    t.equal(await hat.presence.set('i-1', never), true, 'no lock delay keeps it out');
    await store.delete(HAT.key, 'any', never);
    await eventually('the loss', () => hat.lost.length === 1);
    t.same([host.presence.held(), hat.presence.held()], [true, false], 'only what was deleted is lost');
    t.equal(await hat.presence.set('i-1', never), true);
    await host.presence.release(never);
    t.equal(await store.get(HOST.key, never), null);
    t.equal(await sessionOf(prefix, HAT.key), session, 'the hat is held on');
    await hat.presence.release(never);
    const info = await (await call('GET', `session/info/${session}`)).json();
    t.same(info, [], 'with the last key the session ends');
    t.same([host.lost, hat.lost.length], [[], 1]);
  });

  await t.test('a hat that is taken stays with its holder', async t => {
    const first = await startBoth(t);
    const proxy = await startProxy(t, consul.address);
    const store = await openStore({kind: 'consul', url: proxy.address, prefix: first.prefix}, tuning);
    t.teardown(() => store.close());
    const other = {host: followed(store, {...HOST, key: 'web/hosts/i-2'}), hat: followed(store, HAT)};
    t.equal(await other.host.presence.set('serving', never), true);
    for (let n = 0; n < 5; n += 1) t.equal(await other.hat.presence.set('i-2', never), false);
    t.equal(proxy.requests.filter(text => text.includes(`${HAT.key}?acquire`)).length, 0, 'without a write');
    t.equal((await first.store.get(HAT.key, never))?.value, 'i-1');
  });

  const ends: Record<string, (id: string) => Promise<unknown>> = {
    'an operator who destroys it': id => call('PUT', `session/destroy/${id}`),
    'the end of its node': async id => {
      const [{Node}] = (await (await call('GET', `session/info/${id}`)).json()) as [{Node: string}];
      await call('PUT', 'catalog/deregister', JSON.stringify({Node}));
      await call('PUT', 'catalog/register', JSON.stringify({Node, Address: '127.0.0.1'}));
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    await t.test(`lost by ${name}`, async t => {
      const {prefix, store, host, hat} = await startBoth(t);
      const session = await sessionOf(prefix, HOST.key);
      await end(String(session));
      t.same(await store.list('web/', never), [], 'both keys end with it');
      await eventually('both to be told', () => host.lost.length + hat.lost.length >= 2);
      t.match([host.lost, hat.lost], [[/its session is gone/], [/its session is gone/]], 'each once');
      const again = [host.presence.set('back', never), hat.presence.set('i-1', never)];
      t.same(await Promise.all(again), [true, true], 'both are taken again at once');
      const now = await sessionOf(prefix, HOST.key);
      t.not(now, session);
      t.equal(await sessionOf(prefix, HAT.key), now, 'with one session');
    });
  }

  await t.test('one told of the loss and set again, the other is told all the same', async t => {
    const {prefix, host, hat} = await startBoth(t);
    await call('PUT', `session/destroy/${await sessionOf(prefix, HOST.key)}`);
    t.equal(await host.presence.set('back', never), true, 'a value that is written finds out');
    await eventually('the hat to be told', () => hat.lost.length === 1);
    t.equal(host.presence.held(), true);
  });

  await t.test('pushed aside by a newer process of the host', async t => {
    const {prefix, host, hat} = await startBoth(t);
    const newer = await start(t, consul.address, {prefix});
    await eventually('both to be told', () => host.lost.length + hat.lost.length >= 2);
    t.same([host.presence.held(), hat.presence.held()], [false, false], 'the older holds nothing');
    t.equal(await newer.hat.presence.set('i-1', never), true, 'and the newer may coordinate');
    await Promise.all([host.presence.release(never), hat.presence.release(never)]);
    t.equal(newer.host.presence.held(), true);
    t.equal((await newer.store.list('web/', never)).length, 2, 'the older takes nothing away');
  });

  await t.test('a key that could not be given up does not stay locked', async t => {
    const proxy = await startProxy(t, consul.address);
    const {prefix, store, host, hat} = await startBoth(t, proxy.address);
    proxy.behave({do: 'answer', status: 500, text: 'No cluster leader'});
    await t.rejects(hat.presence.release(never), {name: 'ReasonError', message: /leader/});
    proxy.behave({do: 'pass'});
    await eventually('the host to give up the session', () => host.lost.length === 1);
    t.equal(await host.presence.set('serving', never), true);
    t.equal(await store.get(HAT.key, never), null, 'its old session took the hat along');
    t.ok(await sessionOf(prefix, HOST.key));
  });
});
