/** Events on their way from the store to real receivers, whatever becomes of coordinators and the store meanwhile. */
import t from 'tap';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import type {Webhook} from '../../../agent/notify/webhook.ts';
import type {Store} from '../../../agent/ports.ts';
import {TAKE_OVER_MS} from '../../../agent/runtime/telling/telling.ts';
import {openDirectoryStore} from '../../../agent/store/directory.ts';
import {eventually} from '../../support/eventually.ts';
import {startHook} from '../../support/hook.ts';
import {unmet} from '../../support/needs.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {
  began,
  begin,
  eventsOf,
  halted,
  hookOf,
  idsOf,
  isDone,
  keys,
  never,
  openConsul,
  openFolder,
  over,
  told,
} from './begin.ts';

for (const [name, open, skip] of [
  ['a directory', openFolder, false],
  ['Consul', openConsul, unmet('root', 'debian')],
] as const)
  t.test(`what happens is told once, and in its order, with a store in ${name}`, {skip}, async t => {
    const store = await open(t);
    const {url, posted} = await startHook(t);
    const first = begin(store, [hookOf(url)]);
    await first.note(began);
    await first.note(began);
    await first.note(halted);
    await eventually('all to be told', isDone(store));
    t.same(eventsOf(posted), ['rollout-started', 'host-rolled-back', 'rollout-halted']);
    await first.end();
    const second = begin(store, [hookOf(url)], 'i-2');
    await second.note(halted);
    await second.note(over);
    await eventually('the end to be told', () => posted.length > 3);
    await eventually('it to be noted', isDone(store));
    t.same(eventsOf(posted).slice(3), ['fleet-steady'], 'by another coordinator, nothing again');
    t.same([...first.counts.values()], [{sent: 3, failed: 0, dropped: 0}]);
    t.equal(new Set(idsOf(posted)).size, 4);
    await second.end();
  });

t.test('two coordinators at once tell each event once', async t => {
  const path = await temporaryFolder(t);
  const [one, two] = [await openDirectoryStore({path}), await openDirectoryStore({path})];
  t.teardown(() => Promise.all([one.close(), two.close()]));
  const {url, posted} = await startHook(t);
  const [a, b] = [begin(one, [hookOf(url)], 'i-1'), begin(two, [hookOf(url)], 'i-2')];
  for (const view of [began, halted, over]) await Promise.all([a.note(view), b.note(view)]);
  await eventually('all to be told', isDone(one));
  await Promise.all([a.end(), b.end()]);
  t.same(eventsOf(posted).toSorted(), [
    'fleet-steady',
    'host-rolled-back',
    'rollout-halted',
    'rollout-started',
  ]);
});

/** A coordinator that is gone as soon as its claim is in the store: it sends nothing. */
const killed = async (store: Store, webhooks: readonly Webhook[], view: FleetView): Promise<void> => {
  let isDead = false;
  const dying: Store = {
    ...store,
    get: (...args) => (isDead ? Promise.reject(new Error('dead')) : store.get(...args)),
    put: async (...args) => {
      const put = await store.put(...args);
      isDead = true;
      return put;
    },
  };
  await begin(dying, webhooks, 'i-dead').note(view);
};

t.test('one that dies between claim and send is followed by one that tells it', async t => {
  const store = await openFolder(t);
  const {url, posted} = await startHook(t);
  await killed(store, [hookOf(url)], began);
  t.match(await told(store), {pending: [{by: 'i-dead', event: {kind: 'rollout-started'}}]});
  t.equal(posted.length, 0);
  const next = begin(store, [hookOf(url)], 'i-2');
  await next.note(began);
  next.pass(TAKE_OVER_MS - 1);
  await next.note(began);
  t.match(await told(store), {pending: [{by: 'i-dead'}]}, 'it might still be telling');
  next.pass(1);
  await next.note(began);
  await eventually('it to be told', isDone(store));
  t.same(eventsOf(posted), ['rollout-started']);
  await next.end();
});

t.test('one that dies between send and its note tells it twice, with the same id', async t => {
  const store = await openFolder(t);
  const {url, posted} = await startHook(t);
  let isDead = false;
  const dying: Store = {
    ...store,
    put: (...args) => (isDead ? Promise.reject(new Error('dead')) : store.put(...args)),
  };
  const victim = begin(dying, [hookOf(url)], 'i-dead');
  await victim.note(began);
  isDead = true;
  await eventually('it to be sent', () => posted.length === 1);
  const next = begin(store, [hookOf(url)], 'i-2');
  await next.note(began);
  next.pass(TAKE_OVER_MS);
  await next.note(began);
  await eventually('it to be told', isDone(store));
  t.equal(posted.length, 2);
  t.equal(new Set(idsOf(posted)).size, 1);
  await next.end();
});

t.test('one that sent it and cannot note that sends nothing again, and notes it later', async t => {
  const store = await openFolder(t);
  const {url, posted} = await startHook(t);
  let isAway = false;
  const shaky: Store = {
    ...store,
    put: (...args) => (isAway ? Promise.reject(new Error('away')) : store.put(...args)),
  };
  const {note, end, lines} = begin(shaky, [hookOf(url)]);
  await note(began);
  isAway = true;
  await eventually('it to be sent', () => posted.length === 1);
  await note(halted);
  await note(halted);
  t.equal(
    lines.filter(({message}) => /nobody is told what happens to the fleet: .*away/.test(message)).length,
    1,
  );
  isAway = false;
  await note(halted);
  await eventually('all to be told', isDone(store));
  t.same(eventsOf(posted), ['rollout-started', 'host-rolled-back', 'rollout-halted']);
  await end();
});

t.test(
  'a store that was restored from an older snapshot may have it told again, with the same id',
  async t => {
    const store = await openFolder(t);
    const {url, posted} = await startHook(t);
    const {note, end} = begin(store, [hookOf(url)]);
    await note(began);
    await eventually('it to be told', isDone(store));
    const snapshot = (await store.get(keys.told, never))?.value ?? '';
    await note(halted);
    await eventually('the halt to be told', isDone(store));
    await store.put(keys.told, snapshot, 'any', never);
    await end();
    const next = begin(store, [hookOf(url)], 'i-2');
    await next.note(halted);
    await eventually('it to be told again', () => posted.length === 5);
    t.same(idsOf(posted).slice(3), idsOf(posted).slice(1, 3));
    await next.end();
  },
);
