import type {Test} from 'tap';
import type {Expected, Store} from '../../../agent/ports.ts';
import type {ContractOptions} from '../contract.ts';

const never = new AbortController().signal;

/** get, put, delete and list. */
export const valueContract = async (t: Test, options: ContractOptions): Promise<void> => {
  await t.test('a value', t => singleValue(t, options));
  await t.test('compare and set', t => compareAndSet(t, options));
  await t.test('delete', t => deletion(t, options));
  await t.test('list', t => listing(t, options));
  await t.test('what is refused', t => refusals(t, options));
};

const singleValue = async (t: Test, {open}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  t.equal(await store.get('web/production/desired', never), null, 'is null before it was written');
  const put = await store.put('web/production/desired', 'snap-1', 'any', never);
  const got = await second.get('web/production/desired', never);
  t.ok(put.ok);
  t.match(got, {key: 'web/production/desired', value: 'snap-1'}, 'is seen by another client');
  t.equal(put.ok && put.version, got?.version, 'has the version that the writer was told');

  const version = put.ok ? put.version : '';
  t.equal(await second.isAt('web/production/desired', version, never), true, 'is at its version');
  t.equal(await second.isAt('web/production/other', version, never), false, 'one that is not there is not');
  t.equal(await second.isAt('web/production/desired', 'no version', never), false);
  await second.put('web/production/desired', 'snap-2', 'any', never);
  t.equal(await store.isAt('web/production/desired', version, never), false, 'is not once it was written');

  for (const [what, value] of [
    ['an empty one', ''],
    ['unicode', 'Grüße, 世界 🚀 \u0000 \r\n'],
    ['100 KB', 'ü'.repeat(50_000)],
  ] as const) {
    const result = await store.put('web/value', value, 'any', never);
    const entry = await second.get('web/value', never);
    t.equal(entry?.value, value, `${what} comes back as it was`);
    t.equal(result.ok && result.version, entry?.version);
  }
};

const compareAndSet = async (t: Test, {open}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const put = (value: string, expected: Expected, by: Store = store) =>
    by.put('web/ledger', value, expected, never);

  t.same(await put('x', {version: '1'}), {ok: false}, 'a version is not there when nothing is');
  t.same(await put('x', {version: '0'}), {ok: false}, 'no version means "absent" by chance');
  const first = await put('one', 'absent');
  t.ok(first.ok, 'an absent key is made');
  t.same(await put('again', 'absent', second), {ok: false}, 'once');
  if (!first.ok) return;
  const next = await put('two', first, second);
  t.ok(next.ok, 'the version that was read is replaced');
  t.same(await put('three', first), {ok: false}, 'an older version is not');
  t.equal((await store.get('web/ledger', never))?.value, 'two', 'and a refused write leaves no trace');
  t.same(await put('three', {version: 'made up'}), {ok: false}, 'a version nobody gave fits nothing');

  const clients = [store, second, store, second, store, second];
  const entry = await store.get('web/ledger', never);
  const race = await Promise.all(
    clients.map((client, n) => put(`racer ${n}`, {version: entry?.version ?? ''}, client)),
  );
  t.equal(race.filter(({ok}) => ok).length, 1, 'of six writers with the same version one wins');

  const add = async (client: Store): Promise<void> => {
    for (;;) {
      const entry = await client.get('web/count', never);
      const expected = entry ? {version: entry.version} : 'absent';
      const value = String(Number(entry?.value ?? 0) + 1);
      if ((await client.put('web/count', value, expected, never)).ok) return;
    }
  };
  await Promise.all([...clients, ...clients].map(add));
  t.equal((await store.get('web/count', never))?.value, '12', 'twelve increments at once are twelve');
};

const deletion = async (t: Test, {open}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  t.equal(await store.delete('web/gone', 'any', never), true, 'what is absent is done');
  t.equal(await store.delete('web/gone', {version: '1'}, never), true, 'whatever was expected');
  const old = await store.put('web/a', '1', 'any', never);
  const put = await store.put('web/a', '2', 'any', never);
  if (!put.ok || !old.ok) return void t.fail('could not write');
  t.equal(await second.delete('web/a', old, never), false, 'not with an older version');
  t.equal(await second.delete('web/a', 'absent', never), false, 'not when it should be absent');
  t.equal((await store.get('web/a', never))?.value, '2');
  t.equal(await second.delete('web/a', put, never), true, 'with the version that is there');
  t.equal(await store.get('web/a', never), null);
  t.ok((await store.put('web/a', '3', 'absent', never)).ok, 'it can be made again');
  t.equal(await second.delete('web/a', 'any', never), true, 'with any version');
  t.same(await store.list('', never), []);
};

const listing = async (t: Test, {open, nested}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  t.same(await store.list('web/', never), [], 'is empty at first');
  const keys = ['web/p/hosts/i-2', 'web/p/hosts/i-10', 'web/p/host', 'web/p/hosts-old', 'web/p/A', 'api/x'];
  for (const key of keys) await store.put(key, `value of ${key}`, 'any', never);
  const list = async (prefix: string) => (await second.list(prefix, never)).map(({key}) => key);
  t.same(await list('web/p/hosts/'), ['web/p/hosts/i-10', 'web/p/hosts/i-2'], 'in order of keys');
  t.same(
    await list('web/p/host'),
    ['web/p/host', 'web/p/hosts-old', 'web/p/hosts/i-10', 'web/p/hosts/i-2'],
    'a prefix may be a key itself and end within a part',
  );
  t.same(await list(''), [...keys].sort(), 'the empty prefix is everything');
  t.same(await list('web/q/'), [], 'nothing below what is not there');
  const [entry] = await store.list('api/', never);
  t.same(entry, await store.get('api/x', never), 'entries are those that get gives');

  const below = store.put('api/x/y', 'below a key', 'any', never);
  if (!nested) return void (await t.rejects(below, {name: 'ReasonError', reason: {kind: 'store.refused'}}));
  await below;
  t.same(await list('api/x'), ['api/x', 'api/x/y'], 'a key can be below a key');
  t.same(await list('api/x/'), ['api/x/y']);
};

const BAD = ['', '/', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', 'a/.b', 'a b', 'a\u0000b', 'a?b', 'ä'];

const refusals = async (t: Test, {open}: ContractOptions): Promise<void> => {
  const {store} = await open(t);
  const refusal = {
    name: 'ReasonError',
    reason: {kind: 'store.refused'},
    message: /the key .*: expected parts of/,
  };
  for (const key of [...BAD, 'a'.repeat(129), 'a/'.repeat(300)]) {
    await t.rejects(store.get(key, never), refusal, `get of ${JSON.stringify(key.slice(0, 20))}`);
    await t.rejects(store.put(key, '', 'any', never), refusal);
    await t.rejects(store.delete(key, 'any', never), refusal);
    t.throws(() => store.presence({key, ttlMs: 10_000, takeOver: true}), refusal);
  }
  for (const prefix of ['/', '..', 'a/../', 'a//', '../x/']) {
    await t.rejects(
      store.list(prefix, never),
      {name: 'ReasonError', reason: {kind: 'store.refused'}},
      `list of ${prefix}`,
    );
    t.throws(
      () => store.watch(prefix, never),
      {name: 'ReasonError', reason: {kind: 'store.refused'}},
      `watch of ${prefix}`,
    );
  }
  await t.rejects(
    store.put('web/big', 'x'.repeat(262_145), 'any', never),
    {message: /expected at most 262144 bytes, got 262145/},
    'a value that is too long',
  );
  const aborted = AbortSignal.abort(new Error('told to stop'));
  await t.rejects(
    store.get('web/a', aborted),
    {message: 'told to stop'},
    'an aborted call throws the reason',
  );
  await t.rejects(store.put('web/a', '', 'any', aborted), {message: 'told to stop'});
  t.equal(await store.get('web/a', never), null);
};
