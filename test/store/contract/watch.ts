import type {Test} from 'tap';
import type {Store, WatchUpdate} from '../../../agent/ports.ts';
import {eventually} from '../../support/eventually.ts';
import type {ContractOptions} from '../contract.ts';

const never = new AbortController().signal;

/** Collects the updates of a watch until the test ends. */
export const collect = (t: Test, store: Store, target: string) => {
  const ending = new AbortController();
  const updates: WatchUpdate[] = [];
  const done = (async () => {
    for await (const update of store.watch(target, ending.signal)) updates.push(update);
  })();
  t.teardown(async () => {
    ending.abort();
    await done;
  });
  /** the values of the last update, `'lost'`, or null before the first */
  const last = (): string | null => {
    const update = updates.at(-1);
    if (!update) return null;
    return update.type === 'lost'
      ? 'lost'
      : update.entries.map(({key, value}) => `${key}=${value}`).join(' ');
  };
  return {updates, last, done, abort: () => ending.abort()};
};

/** The first value, changes, prefixes, coalescing, races and the end. */
export const watchContract = async (t: Test, options: ContractOptions): Promise<void> => {
  await t.test('a key', t => oneKey(t, options));
  await t.test('a prefix', t => onePrefix(t, options));
  await t.test('no change is missed when it races with the start', t => races(t, options));
  await t.test('many changes end in the last', t => coalescing(t, options));
};

const oneKey = async (t: Test, {open, latencyMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const timeoutMs = latencyMs * 4;
  const watch = collect(t, store, 'web/desired');
  const sees = (value: string) =>
    eventually(`the watch to say ${value}, not ${watch.last()}`, () => watch.last() === value, {timeoutMs});
  await sees('');
  t.pass('begins with the state as it is: nothing');
  await second.put('web/desired', 'one', 'any', never);
  await sees('web/desired=one');
  await second.put('web/desired', 'two', 'any', never);
  await sees('web/desired=two');
  const update = watch.updates.at(-1);
  t.same(
    update,
    {type: 'value', entries: [await store.get('web/desired', never)]},
    'with the version get gives',
  );
  await second.put('web/desired-2', 'x', 'any', never);
  await second.put('web/other', 'x', 'any', never);
  await second.delete('web/desired', 'any', never);
  await sees('');
  t.equal(watch.updates.length, 4, 'other keys are no news');
  watch.abort();
  await watch.done;
  t.pass('ends when it is aborted');
  for await (const _ of store.watch('web/desired', AbortSignal.abort()))
    t.fail('said something after its end');
  for await (const _ of store.watch('web/desired', never)) break;
  t.pass('or when nobody reads on');
};

const onePrefix = async (t: Test, {open, latencyMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  await second.put('web/hosts/i-1', 'a', 'any', never);
  await second.put('web/hosts-old', 'x', 'any', never);
  const watch = collect(t, store, 'web/hosts/');
  const sees = (value: string) =>
    eventually(`the watch to say ${value}`, () => watch.last() === value, {timeoutMs: latencyMs * 4});
  await sees('web/hosts/i-1=a');
  await second.put('web/hosts/i-0', 'b', 'any', never);
  await sees('web/hosts/i-0=b web/hosts/i-1=a');
  await second.put('web/hosts/i-1', 'c', 'any', never);
  await sees('web/hosts/i-0=b web/hosts/i-1=c');
  await second.delete('web/hosts/i-0', 'any', never);
  await sees('web/hosts/i-1=c');
  await second.delete('web/hosts/i-1', 'any', never);
  await sees('');
};

const races = async (t: Test, {open, latencyMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const rounds = latencyMs > 2_000 ? 3 : 15;
  for (let round = 0; round < rounds; round += 1) {
    const key = `web/race-${round}`;
    await second.put(key, 'before', 'any', never);
    const watch = collect(t, store, key);
    if (round % 3 > 0) await new Promise(resolve => setTimeout(resolve, round * 2));
    await second.put(key, 'after', 'any', never);
    await eventually(`${key} to be seen`, () => watch.last() === `${key}=after`, {timeoutMs: latencyMs * 4});
    watch.abort();
  }
  t.pass(`${rounds} rounds`);
};

const coalescing = async (t: Test, {open, latencyMs}: ContractOptions): Promise<void> => {
  const {store, second} = await open(t);
  const watch = collect(t, store, 'web/busy');
  await eventually('the watch to begin', () => watch.last() === '', {timeoutMs: latencyMs * 4});
  for (let n = 0; n <= 100; n += 1) await second.put('web/busy', String(n), 'any', never);
  await eventually('the last value', () => watch.last() === 'web/busy=100', {timeoutMs: latencyMs * 8});
  const values = watch.updates.map(update =>
    update.type === 'lost' ? 'lost' : (update.entries[0]?.value ?? ''),
  );
  t.same(values, [...new Set(values)], 'no state is told twice');
  t.same(
    values,
    [...values].sort((a, b) => Number(a) - Number(b)),
    'none is told after a later one',
  );
};
