/** The store on versions of Consul that say and do differently what it stands on; test/store/consul.test.ts asks a real 1.8. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {openStore} from '../../agent/store/open.ts';
import {startVersion} from '../support/consul-version/consul-version.ts';
import {eventually} from '../support/eventually.ts';
import {fetch} from '../support/fetch.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {tokenFor} from './consul-acl.ts';
import {collect} from './contract/watch.ts';
import {storeContract} from './contract.ts';

const skip = unmet('root', 'debian');
const never = new AbortController().signal;
const refused = {name: 'ReasonError', reason: {kind: 'store.refused'}};
const unreachable = {name: 'ReasonError', reason: {kind: 'store.unreachable'}};
const LATER = ['1.11', '1.20'] as const;

t.test('the contract of every store, as the newest version keeps it', {skip}, async t => {
  const consul = await startVersion(t, '1.20');
  let opened = 0;
  await storeContract(t, {
    open: async t => {
      opened += 1;
      const settings = {kind: 'consul', url: consul.address, prefix: `test/${opened}`} as const;
      const tuning = {sessionTtlMinMs: 1_000};
      const [store, second] = [await openStore(settings, tuning), await openStore(settings, tuning)];
      t.teardown(() => Promise.all([store.close(), second.close()]));
      return {store, second, settings, tuning};
    },
    latencyMs: 1_000,
    ttlMs: 1_000,
    nested: true,
  });
});

t.test('a key that is not there is told when it comes', {skip}, async t => {
  for (const version of ['1.8', '1.20'] as const) {
    const consul = await startVersion(t, version);
    const settings = {kind: 'consul', url: consul.address, prefix: 'agents'} as const;
    const store = await openStore(settings, {watchWaitMs: 20_000});
    t.teardown(() => store.close());
    const watch = collect(t, store, 'web/desired');
    await eventually('the watch to begin', () => watch.last() === '');
    for (let n = 0; n < 40; n += 1) await store.put('web/other', String(n), 'any', never);
    const asked = consul.requests.filter(each => each.includes('/kv/agents/web/desired?')).length;
    // an answer for nothing may come at each write, also of a later version (GH-12363): the pace is what bounds them
    t.ok(asked <= 20, `${version}: ${asked} queries of one watch during 40 writes to another key`);
    await store.put('web/desired', 'x', 'absent', never);
    await eventually(`${version}: the first value`, () => watch.last() === 'web/desired=x', {
      timeoutMs: 15_000,
    });
  }
});

t.test('a value that was written later is told without asking the leader again', {skip}, async t => {
  for (const version of ['1.8', '1.20'] as const) {
    const consul = await startVersion(t, version);
    const settings = {kind: 'consul', url: consul.address, prefix: 'agents'} as const;
    const store = await openStore(settings);
    t.teardown(() => store.close());
    await store.put('web/desired', 'x', 'any', never);
    const watch = collect(t, store, 'web/desired');
    await eventually('the watch to begin', () => watch.last() === 'web/desired=x');
    const queries = () => consul.requests.filter(each => each.includes('/kv/agents/web/desired?'));
    await eventually('the query that waits', () => queries().length === 2);
    await store.put('web/desired', 'y', 'any', never);
    await eventually('the news', () => watch.last() === 'web/desired=y');
    t.same(
      queries().filter(each => each.includes('consistent')).length,
      1,
      `${version}: only as it began to watch`,
    );
  }
});

for (const version of LATER)
  t.test(`access control and limits of Consul ${version}`, {skip}, async t => {
    const consul = await startVersion(t, version, {acl: true});
    const tokenFile = join(await temporaryFolder(t), 'token');
    const store = await openStore({kind: 'consul', url: consul.address, prefix: 'agents', tokenFile});
    t.teardown(() => store.close());
    const allow = async (name: string, rules: string): Promise<void> =>
      writeFile(tokenFile, await tokenFor(consul, name, rules), {mode: 0o600});
    const all = 'key_prefix "agents/" { policy = "write" }';

    await allow('all', all);
    await store.put('web/hosts/a', 'x', 'absent', never);
    await store.put('web/hosts/b', 'x', 'absent', never);
    await allow('some', 'key "agents/web/hosts/a" { policy = "read" }');
    await t.rejects(
      store.list('web/hosts/', never),
      {...refused, message: /may not read all of \/v1\/kv\/agents\/web\/hosts\//},
      'a list with parts left out is none',
    );
    await t.rejects(store.put('web/hosts/a', 'y', 'any', never), {...refused, message: /Permission denied/});
    await t.rejects(store.get('web/hosts/b', never), {...refused, message: /Permission denied/});
    await allow('all-again', all);
    t.equal((await store.list('web/hosts/', never)).length, 2);
    if (version === '1.11') return;
    consul.limit(2);
    await t.rejects(store.get('web/hosts/a', never), {...unreachable, message: /429: rate limit exceeded/});
    await t.rejects(store.put('web/hosts/a', 'z', 'any', never), {
      ...unreachable,
      message: /503: rate limit/,
    });
    t.equal((await store.get('web/hosts/a', never))?.value, 'x', 'and it goes on');
  });

t.test('a default policy of "allow" leaves nothing out', {skip}, async t => {
  const consul = await startVersion(t, '1.20');
  const headers = (await fetch(`${consul.address}/v1/agent/services`)).headers;
  t.equal(headers.get('x-consul-default-acl-policy'), 'allow');
  t.equal(headers.get('x-consul-results-filtered-by-acls'), null);
});
