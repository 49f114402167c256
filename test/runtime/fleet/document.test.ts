import t from 'tap';
import type {Store} from '../../../agent/ports.ts';
import {createDocument} from '../../../agent/runtime/fleet/document.ts';
import {openStore} from '../../../agent/store/open.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;
const KEY = 'web/production/ledger';

/** A document of a real store, on a clock that is set by hand; `reads` counts those that reached the store. */
const open = async (t: {teardown(end: () => unknown): void}) => {
  const store = await openStore({kind: 'directory', path: await temporaryFolder(t)});
  t.teardown(() => store.close());
  const at = {now: 0, reads: 0, isAway: false};
  const counted: Store = {
    ...store,
    get: (key, signal) => {
      at.reads += 1;
      return at.isAway ? Promise.reject(new Error('away')) : store.get(key, signal);
    },
    put: (...args) => (at.isAway ? Promise.reject(new Error('away')) : store.put(...args)),
  };
  const document = createDocument({store: counted, clock: {elapsed: () => at.now}}, KEY);
  return {store, at, document};
};

t.test('what was read or written a moment ago is not read again', async t => {
  const {at, document} = await open(t);
  t.equal(await document.read(never), null);
  const first = await document.write('a', await document.read(never), never);
  t.match(first, {key: KEY, value: 'a'});
  t.same(await document.read(never), first);
  at.now = 1_000;
  const second = await document.write('b', await document.read(never), never);
  at.now = 2_999;
  t.same(await document.read(never), second, 'a writing that went well was of the newest');
  t.equal(at.reads, 1);
  at.now = 3_000;
  t.same(await document.read(never), second);
  t.equal(at.reads, 2);
});

t.test('what somebody else wrote is never written over, and is read at the next look', async t => {
  const {store, at, document} = await open(t);
  await document.write('a', null, never);
  const read = await document.read(never);
  await store.put(KEY, "an operator's", 'any', never);
  t.equal(await document.write('b', read, never), false);
  t.match(await document.read(never), {value: "an operator's"});
  t.equal(at.reads, 1);
  await store.delete(KEY, 'any', never);
  t.equal(await document.write('b', await document.read(never), never), false, 'nor one that is gone');
  t.equal(await document.read(never), null);
});

t.test('after a failure it is read', async t => {
  const {store, at, document} = await open(t);
  const read = (await document.write('a', null, never)) || null;
  at.isAway = true;
  await t.rejects(document.write('b', read, never), {message: 'away'});
  await t.rejects(document.read(never), {message: 'away'});
  at.isAway = false;
  await store.put(KEY, 'b', 'any', never);
  t.match(await document.read(never), {value: 'b'});
});
