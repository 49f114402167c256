/** Coordinators that tell real receivers, with pauses that take no time. */
import type {Test} from 'tap';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import {EVENT_KINDS} from '../../../agent/core/fleet/telling/event.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {reason} from '../../../agent/core/reason.ts';
import {type Clock, systemClock} from '../../../agent/host/clock.ts';
import {createWebhook, type Webhook} from '../../../agent/notify/webhook.ts';
import type {Store} from '../../../agent/ports.ts';
import {createCounts} from '../../../agent/runtime/telling/counts.ts';
import {createTelling} from '../../../agent/runtime/telling/telling.ts';
import {openDirectoryStore} from '../../../agent/store/directory.ts';
import {openStore} from '../../../agent/store/open.ts';
import {host, NEW} from '../../core/fleet/fleet.ts';
import {see} from '../../core/fleet/telling/telling.ts';
import {startConsul} from '../../support/consul.ts';
import {keptLog} from '../../support/log.ts';
import {temporaryFolder} from '../../support/temporary.ts';

export const never = new AbortController().signal;
export const keys = keysOf('web', 'production');
/** A fleet whose rollout has begun, is halted, and is over. */
export const began = see({}, [host('a'), host('b')]);
export const halted = see(
  {failures: [{host: 'a', fence: 1, cause: reason('gate.failed', {probe: 'http', seconds: 1, last: '500'})}]},
  [host('a'), host('b')],
);
export const over = see({proven: NEW}, [host('a', {active: NEW})]);

/** Pauses are over at once; what `elapsed` says is set by hand. */
const quickClock = () => {
  let elapsed = 0;
  const clock: Clock = {
    ...systemClock,
    elapsed: () => elapsed,
    sleep: async () => void (await new Promise(resolve => setImmediate(resolve))),
  };
  const pass = (ms: number): void => {
    elapsed += ms;
  };
  return {clock, pass};
};

/** A store that ends with the test. */
export const openFolder = async (t: Test): Promise<Store> => {
  const store = await openDirectoryStore({path: await temporaryFolder(t)});
  t.teardown(() => store.close());
  return store;
};

/** A webhook that hears everything, unless told. */
export const hookOf = (url: string, over: Partial<Parameters<typeof createWebhook>[0]> = {}): Webhook =>
  createWebhook(
    {name: 'team', url, format: 'json', events: EVENT_KINDS, ...over},
    {
      app: 'web',
      channel: 'production',
    },
  );

/** One coordinator that tells the webhooks, and what it counts and logs. */
export const begin = (store: Store, webhooks: readonly Webhook[], instance = 'i-1') => {
  const {clock, pass} = quickClock();
  const {log, lines} = keptLog();
  const counts = createCounts(webhooks.map(({name}) => name));
  const telling = createTelling({store, keys, instance, webhooks, counts, clock, log});
  const note = (view: FleetView): Promise<void> => telling.note(view, never);
  return {note, end: telling.end, counts, lines, pass};
};

/** What the store remembers of it. */
export const told = async (store: Store) => JSON.parse((await store.get(keys.told, never))?.value ?? 'null');
export const isDone = (store: Store) => async () => (await told(store)).pending.length === 0;
export const eventsOf = (posted: readonly {readonly body: string}[]): readonly string[] =>
  posted.map(({body}) => JSON.parse(body).event);
export const idsOf = (posted: readonly {readonly body: string}[]): readonly string[] =>
  posted.map(({body}) => JSON.parse(body).id);

export const openConsul = async (t: Test): Promise<Store> => {
  const {address} = await startConsul(t);
  const store = await openStore({kind: 'consul', url: address, prefix: 'release-agent'});
  t.teardown(() => store.close());
  return store;
};
