import t from 'tap';
import {EMPTY_LEDGER} from '../../../agent/core/fleet/ledger.ts';
import type {EventInput} from '../../../agent/core/host/event-input.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Log, Store} from '../../../agent/ports.ts';
import {coordinate} from '../../../agent/runtime/fleet/coordinator.ts';
import {createMembership} from '../../../agent/runtime/fleet/membership.ts';
import {createPermits} from '../../../agent/runtime/fleet/permits.ts';
import {openStore} from '../../../agent/store/open.ts';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const quiet: Log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
const keys = keysOf('web', 'production');
const SNAP = 'snap-22222222';

const open = async (t: {teardown(end: () => Promise<void>): void}, path: string): Promise<Store> => {
  const store = await openStore({kind: 'directory', path});
  t.teardown(() => store.close());
  return store;
};

/** One agent's coordinator on the store, stopped with the test. `warned` is what it complained of. */
const wear = (
  t: {teardown(end: () => Promise<void>): void},
  store: Store,
  instance: string,
  ec2State = async (_instance: string) => 'none',
) => {
  const stop = new AbortController();
  const warned: string[] = [];
  const hat = store.presence({key: keys.coordinator, ttlMs: 2_000, takeOver: false});
  const log = {...quiet, warning: (text: string) => warned.push(text)};
  const ended = coordinate({store, keys, instance, hat, ec2State, clock: systemClock, log}, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  t.teardown(end);
  return {end, warned};
};

const publish = (store: Store, status: Partial<HostStatus> & {instance: string}): Promise<unknown> => {
  const whole: HostStatus = {
    format: 1,
    zone: 'a',
    role: 'web',
    phase: 'waiting',
    serving: true,
    active: 'snap-11111111',
    previous: null,
    wants: null,
    permit: null,
    outcome: null,
    reason: null,
    since: 0,
    agent: '0',
    ...status,
  };
  return store.put(keys.host(status.instance), JSON.stringify(whole), 'any', new AbortController().signal);
};

const ledger = async (store: Store) =>
  JSON.parse((await store.get(keys.ledger, new AbortController().signal))?.value ?? '{}');
const desire = (store: Store) => store.put(keys.desired, SNAP, 'any', new AbortController().signal);

t.test('a waiting host is woken, and learns of its permit from the ledger', async t => {
  const store = await open(t, await temporaryFolder(t));
  const {version} = (await desire(store)) as {version: string};
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const heard: EventInput[] = [];
  const permits = createPermits({
    store,
    keys,
    instance: 'i-1',
    generation: () => 7,
    dispatch: each => heard.push(each),
    clock: systemClock,
  });
  const listening = permits.listen(stop.signal);
  await publish(store, {instance: 'i-1', wants: {release: SNAP, version}});
  wear(t, store, 'i-2');
  await eventually('the permit', () => heard.some(({type}) => type === 'permit.granted'));
  t.match(
    heard.find(({type}) => type === 'permit.granted'),
    {fence: 1, version, generation: 7},
  );
  stop.abort();
  await listening;
});

/** A store whose watches of these keys tell nothing after their first look: one of a key that is not there may hear seconds late. */
const deafTo = (store: Store, targets: readonly string[]): Store => ({
  ...store,
  watch: async function* (target, signal) {
    for await (const update of store.watch(target, signal)) {
      yield update;
      if (targets.includes(target)) await new Promise(over => signal.addEventListener('abort', over));
    }
  },
});

t.test('a lock or a freeze that was there before a bump or a permit keeps it, heard of or not', async t => {
  const store = await open(t, await temporaryFolder(t));
  const put = (key: string, value: string) => store.put(key, value, 'any', new AbortController().signal);
  const {version: first} = (await put(keys.desired, 'snap-33333333')) as {version: string};
  wear(t, deafTo(store, [keys.lock, keys.freeze]), 'i-2');
  await eventually('a rollout', async () => (await ledger(store)).rollout?.version === first);
  await put(keys.lock, '{"by": "ada"}');
  const {version} = (await desire(store)) as {version: string};
  await publish(store, {instance: 'i-1', wants: {release: SNAP, version}});
  await eventually(
    'the lock to be told',
    async () => (await ledger(store)).blocked?.kind === 'permit.locked',
  );
  t.match(await ledger(store), {fence: 0, rollout: {version: first}});
  // in this order: a plan in between would give the permit
  await put(keys.freeze, '{"by": "ada"}');
  await store.delete(keys.lock, 'any', new AbortController().signal);
  await publish(store, {instance: 'i-1', wants: {release: SNAP, version}, since: 1});
  await eventually('the freeze', async () => (await ledger(store)).blocked?.kind === 'permit.frozen');
  t.match(await ledger(store), {fence: 0, permits: [], rollout: {version}});
});

t.test('two that both want the hat grant no more than one may', async t => {
  const path = await temporaryFolder(t);
  const [one, two] = [await open(t, path), await open(t, path)];
  const {version} = (await desire(one)) as {version: string};
  for (const instance of ['i-1', 'i-2', 'i-3'])
    await publish(one, {instance, wants: {release: SNAP, version}});
  wear(t, one, 'i-1');
  wear(t, two, 'i-2');
  await eventually('a ledger', async () => (await ledger(one)).permits?.length > 0);
  t.match(await ledger(one), {fence: 1, blocked: {kind: 'permit.concurrency'}});
});

t.test(
  'the hat of a dead process of the same host is taken at once, of another host when it expires',
  async t => {
    const store = await open(t, await temporaryFolder(t));
    const dead = store.presence({key: keys.coordinator, ttlMs: 600_000, takeOver: false});
    t.ok(await dead.set('i-1', new AbortController().signal));
    const {version} = (await desire(store)) as {version: string};
    await publish(store, {instance: 'i-3', wants: {release: SNAP, version}});
    const other = wear(t, store, 'i-2');
    const own = wear(t, store, 'i-1');
    await eventually('a permit', async () => (await ledger(store)).permits?.length === 1);
    t.equal((await store.get(keys.coordinator, new AbortController().signal))?.value, 'i-1');
    await own.end();
    await other.end();
  },
);

for (const document of ['ledger', 'members'] as const) {
  t.test(
    `${document} that cannot be read are left alone, said once, and told to the hosts that wait`,
    async t => {
      const store = await open(t, await temporaryFolder(t));
      const signal = new AbortController().signal;
      await store.put(keys[document], '{"format": 99}', 'any', signal);
      const notice = async () => JSON.parse((await store.get(keys.notice, signal))?.value ?? '{}');
      const {warned} = wear(t, store, 'i-1');
      const isTold = async () => (await notice()).blocked?.details?.key === document;
      await eventually('the notice', isTold);
      t.match(await notice(), {rollout: null, blocked: {kind: 'store.document'}});
      t.match(warned, [new RegExp(`the document ${document} is not readable`)]);
      t.equal((await store.get(keys[document], signal))?.value, '{"format": 99}');
      await store.delete(keys[document], 'any', signal);
      await eventually('the notice when it is mended', async () => (await notice()).blocked === null);
    },
  );
}

t.test(
  'a new coordinator knows of a host that vanished with the one before, and asks EC2 for it',
  async t => {
    const store = await open(t, await temporaryFolder(t));
    const {version} = (await desire(store)) as {version: string};
    await publish(store, {instance: 'i-1', phase: 'serving', active: SNAP});
    await publish(store, {instance: 'i-2', phase: 'serving'});
    const first = wear(t, store, 'i-2');
    const members = async () =>
      JSON.parse((await store.get(keys.members, new AbortController().signal))?.value ?? '{}');
    await eventually('both to be noted', async () => (await members()).present?.a?.length === 2);
    await eventually('the rollout', async () => (await ledger(store)).rollout?.version === version);
    await first.end();
    await store.delete(keys.coordinator, 'any', new AbortController().signal);
    await store.delete(keys.host('i-2'), 'any', new AbortController().signal);
    let said = 'running';
    const asked: string[] = [];
    const second = wear(t, store, 'i-1', async instance => {
      asked.push(instance);
      return said;
    });
    await eventually('the reason', async () => (await ledger(store)).blocked?.kind === 'rollout.unseen');
    t.match(await ledger(store), {proven: null, blocked: {details: {hosts: 'i-2 (EC2: running)'}}});
    t.same(asked, ['i-2']);
    await second.end();
    await store.delete(keys.coordinator, 'any', new AbortController().signal);
    said = 'terminated';
    wear(t, store, 'i-3', async () => said);
    await eventually('it to be proven', async () => (await ledger(store)).proven === SNAP);
    t.same(await members(), {format: 1, present: {a: ['i-1']}, missing: []});
  },
);

t.test('a ledger that another wrote meanwhile is read again, never overwritten', async t => {
  const store = await open(t, await temporaryFolder(t));
  const {version} = (await desire(store)) as {version: string};
  await publish(store, {instance: 'i-1', wants: {release: SNAP, version}});
  const permits = [{host: 'i-9', fence: 7, release: SNAP, version, since: 0}];
  const rival = JSON.stringify({...EMPTY_LEDGER, fence: 7, rollout: {release: SNAP, version}, permits});
  let isFirst = true;
  const late: Store = {
    ...store,
    put: async (key, value, expected, signal) => {
      if (key === keys.ledger && isFirst) await store.put(key, rival, 'any', signal);
      if (key === keys.ledger) isFirst = false;
      return store.put(key, value, expected, signal);
    },
  };
  wear(t, late, 'i-2');
  await eventually('the reason', async () => (await ledger(store)).blocked !== null && !isFirst);
  t.match(await ledger(store), {fence: 7, blocked: {kind: 'permit.holder-missing'}});
  t.same((await ledger(store)).permits, permits, 'the permit of the other coordinator stands');
});

t.test(
  'a ledger that was restored to an older one gives no fence twice, and no permit for a while',
  async t => {
    const store = await open(t, await temporaryFolder(t));
    const never = new AbortController().signal;
    const {version} = (await desire(store)) as {version: string};
    const wants = {release: SNAP, version};
    await publish(store, {instance: 'i-1', wants});
    await publish(store, {instance: 'i-2'});
    const {warned} = wear(t, store, 'i-2');
    await eventually('a permit', async () => (await ledger(store)).permits?.length === 1);
    await store.put(keys.ledger, JSON.stringify(EMPTY_LEDGER), 'any', never);
    await publish(store, {instance: 'i-1', wants, since: 1});
    await eventually('the fence', async () => (await ledger(store)).fence === 1);
    t.match(await ledger(store), {permits: [], blocked: {kind: 'permit.restored'}});
    t.match(warned, [/the store was restored/]);
  },
);

t.test('members that another wrote meanwhile are noted again, never overwritten', async t => {
  const store = await open(t, await temporaryFolder(t));
  const stop = new AbortController().signal;
  const rival = JSON.stringify({format: 1, present: ['i-9'], missing: []});
  let isFirst = true;
  const late: Store = {
    ...store,
    put: async (key, value, expected, signal) => {
      if (isFirst) await store.put(key, rival, 'any', signal);
      isFirst = false;
      return store.put(key, value, expected, signal);
    },
  };
  const {note} = createMembership({store: late, keys, ec2State: async () => 'none', clock: systemClock});
  await note({hosts: [{instance: 'i-1'} as HostStatus], holders: [], rollout: null, now: 1}, stop);
  t.match(JSON.parse((await store.get(keys.members, stop))?.value ?? ''), {
    missing: [{host: 'i-9', ec2: 'none'}],
  });
});
