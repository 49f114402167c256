/** Events on their way from the store to real receivers, whatever becomes of coordinators, receivers and the store meanwhile. */
import t, {type Test} from 'tap';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import {EVENT_KINDS} from '../../../agent/core/fleet/telling/event.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {reason} from '../../../agent/core/reason.ts';
import {type Clock, systemClock} from '../../../agent/host/clock.ts';
import {createWebhook, type Webhook} from '../../../agent/notify/webhook.ts';
import type {Store} from '../../../agent/ports.ts';
import {createCounts} from '../../../agent/runtime/telling/counts.ts';
import {createTelling, TAKE_OVER_MS} from '../../../agent/runtime/telling/telling.ts';
import {openDirectoryStore} from '../../../agent/store/directory.ts';
import {openStore} from '../../../agent/store/open.ts';
import {host, NEW, policy, rollout} from '../../core/fleet/fleet.ts';
import {see} from '../../core/fleet/telling/telling.ts';
import {startConsul} from '../../support/consul.ts';
import {eventually} from '../../support/eventually.ts';
import {startHook} from '../../support/hook.ts';
import {keptLog} from '../../support/log.ts';
import {unmet} from '../../support/needs.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;
const keys = keysOf('web', 'production');
const began = see({}, [host('a'), host('b')]);
const halted = see(
  {failures: [{host: 'a', fence: 1, cause: reason('gate.failed', {probe: 'http', seconds: 1, last: '500'})}]},
  [host('a'), host('b')],
);
const over = see({proven: NEW}, [host('a', {active: NEW})]);

/** Pauses are over at once; what `elapsed` says is set by hand. */
const quickClock = () => {
  let elapsed = 0;
  const clock: Clock = {
    ...systemClock,
    elapsed: () => elapsed,
    sleep: async (_, signal) => {
      await new Promise(resolve => setImmediate(resolve));
      signal.aborted;
    },
  };
  const pass = (ms: number): void => {
    elapsed += ms;
  };
  return {clock, pass};
};

const openFolder = async (t: Test): Promise<Store> => {
  const store = await openDirectoryStore({path: await temporaryFolder(t)});
  t.teardown(() => store.close());
  return store;
};

const hookOf = (url: string, over: Partial<Parameters<typeof createWebhook>[0]> = {}): Webhook =>
  createWebhook(
    {name: 'team', url, format: 'json', events: EVENT_KINDS, ...over},
    {
      app: 'web',
      channel: 'production',
    },
  );

const begin = (store: Store, webhooks: readonly Webhook[], instance = 'i-1') => {
  const {clock, pass} = quickClock();
  const {log, lines} = keptLog();
  const counts = createCounts(webhooks.map(({name}) => name));
  const telling = createTelling({store, keys, instance, webhooks, counts, clock, log});
  const note = (view: FleetView): Promise<void> => telling.note(view, never);
  return {note, end: telling.end, counts, lines, pass};
};

const told = async (store: Store) => JSON.parse((await store.get(keys.told, never))?.value ?? 'null');
const isDone = (store: Store) => async () => (await told(store)).pending.length === 0;
const eventsOf = (posted: readonly {readonly body: string}[]): readonly string[] =>
  posted.map(({body}) => JSON.parse(body).event);
const idsOf = (posted: readonly {readonly body: string}[]): readonly string[] =>
  posted.map(({body}) => JSON.parse(body).id);

const openConsul = async (t: Test): Promise<Store> => {
  const {address} = await startConsul(t);
  const store = await openStore({kind: 'consul', url: address, prefix: 'release-agent'});
  t.teardown(() => store.close());
  return store;
};

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

t.test(
  'a webhook that is down is tried again, and keeps neither the fleet nor other webhooks waiting',
  async t => {
    const store = await openFolder(t);
    const good = await startHook(t);
    const bad = await startHook(t, response => void response.writeHead(503).end());
    const webhooks = [hookOf(bad.url, {name: 'bad'}), hookOf(good.url, {name: 'good'})];
    const {note, end, counts, lines} = begin(store, webhooks);
    await note(began);
    await eventually('it to be given up', () => counts.get('bad')?.failed === 1);
    await eventually('it to be noted', isDone(store));
    t.equal(bad.posted.length, 8);
    t.equal(good.posted.length, 1);
    t.same(
      [...counts],
      [
        ['bad', {sent: 0, failed: 1, dropped: 0}],
        ['good', {sent: 1, failed: 0, dropped: 0}],
      ],
    );
    t.match(lines, [
      {
        level: 'error',
        message: 'the webhook bad was not told: rollout 1 to snap-22222222 started: HTTP 503, after 8 tries',
        fields: {event: '1-1/rollout-started'},
      },
    ]);
    bad.answer((response, count) => void response.writeHead(count < 11 ? 500 : 200).end());
    await note(halted);
    await eventually('the others to be told', isDone(store));
    t.same(counts.get('bad'), {sent: 2, failed: 1, dropped: 0});
    await end();
  },
);

t.test(
  'what a webhook refuses for good is given up at once, and so is one that wants to be left alone for long',
  async t => {
    const store = await openFolder(t);
    const refusing = await startHook(t, response => void response.writeHead(410).end('no_service'));
    const busy = await startHook(t, response => void response.writeHead(429, {'retry-after': '301'}).end());
    const {note, end, lines} = begin(store, [
      hookOf(refusing.url, {name: 'a'}),
      hookOf(busy.url, {name: 'b'}),
    ]);
    await note(began);
    await eventually('it to be given up', isDone(store));
    t.equal(refusing.posted.length + busy.posted.length, 2);
    t.match(lines.map(({message}) => message).toSorted(), [
      /webhook a was not told: .*: HTTP 410: no_service$/,
      /webhook b was not told: .*: HTTP 429, and it wants nothing for 301 s$/,
    ]);
    await end();
  },
);

t.test('a webhook hears what it wants to hear', async t => {
  const store = await openFolder(t);
  const {url, posted} = await startHook(t);
  const {note, end} = begin(store, [hookOf(url, {events: ['rollout-halted']})]);
  await note(began);
  t.same((await told(store)).pending, []);
  await note(halted);
  await eventually('it to be told', () => posted.length === 1);
  t.same(eventsOf(posted), ['rollout-halted']);
  await end();
});

t.test('the end waits a little for a call, and leaves what is not begun to the next', async t => {
  const store = await openFolder(t);
  let answer = (): void => undefined;
  const {url, posted} = await startHook(t, response => {
    answer = () => void response.writeHead(200).end();
  });
  const {note, end} = begin(store, [hookOf(url)]);
  await note(began);
  await note(halted);
  await eventually('the first call', () => posted.length === 1);
  const ending = end();
  answer();
  await ending;
  t.match((await told(store)).pending, [
    {by: null, event: {kind: 'host-rolled-back'}},
    {by: null, event: {kind: 'rollout-halted'}},
  ]);
  const next = begin(store, [hookOf(url)], 'i-2');
  await next.note(halted);
  await eventually('the next call', () => posted.length === 2);
  const start = performance.now();
  await next.end();
  t.ok(performance.now() - start < 9_000, 'a receiver that never answers holds nobody up');
  t.same(eventsOf(posted), ['rollout-started', 'host-rolled-back']);
  t.match((await told(store)).pending, [{by: null}, {by: null}]);
});

t.test('planning waits for no webhook', async t => {
  const store = await openFolder(t);
  const {url, posted} = await startHook(t, () => undefined);
  const {note, end} = begin(store, [hookOf(url)]);
  const start = performance.now();
  for (let n = 1; n <= 40; n += 1)
    await note({...began, ledger: {...began.ledger, rollout: rollout({number: n})}, policy: policy({})});
  t.ok(performance.now() - start < 8_000, 'though every call hangs');
  t.ok(posted.length <= 1);
  t.equal((await told(store)).pending.length, 30, 'and a bounded number waits');
  await end();
});

t.test('a memory that cannot be read is begun anew, and said', async t => {
  const store = await openFolder(t);
  await store.put(keys.told, '{"format": 9}', 'any', never);
  const {url, posted} = await startHook(t);
  const {note, end, lines} = begin(store, [hookOf(url)]);
  await note(began);
  await eventually('it to be told', () => posted.length === 1);
  t.match(lines, [
    {level: 'warning', message: /cannot be read, and is begun anew \(web\/production\/told\)/},
  ]);
  await end();
});
