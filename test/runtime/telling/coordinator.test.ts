/** Real coordinators that follow each other and tell what happens to a fleet in their store. */
import t, {type Test} from 'tap';
import {EVENT_KINDS} from '../../../agent/core/fleet/telling/event.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import {createWebhook} from '../../../agent/notify/webhook.ts';
import type {Store} from '../../../agent/ports.ts';
import {coordinate} from '../../../agent/runtime/fleet/coordinator.ts';
import {createCounts} from '../../../agent/runtime/telling/counts.ts';
import {createTelling} from '../../../agent/runtime/telling/telling.ts';
import {openDirectoryStore} from '../../../agent/store/directory.ts';
import {host, NEW} from '../../core/fleet/fleet.ts';
import {eventually} from '../../support/eventually.ts';
import {startHook} from '../../support/hook.ts';
import {keptLog} from '../../support/log.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;
const keys = keysOf('web', 'production');

const wear = (t: Test, store: Store, instance: string, url: string) => {
  const stop = new AbortController();
  const hat = store.presence({key: keys.coordinator, ttlMs: 2_000, takeOver: false});
  const {log, lines} = keptLog();
  const fleet = {app: 'web', channel: 'production'};
  const webhooks = [createWebhook({name: 'team', url, format: 'json', events: EVENT_KINDS}, fleet)];
  const parts = {store, keys, instance, clock: systemClock, log};
  const tell = () => createTelling({...parts, webhooks, counts: createCounts(['team'])});
  const ended = coordinate({...parts, hat, ec2State: async () => 'none', tell}, stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  t.teardown(end);
  return {end, lines};
};

t.test('a rollout is told from its start to its end, by whoever coordinates then', async t => {
  const store = await openDirectoryStore({path: await temporaryFolder(t)});
  t.teardown(() => store.close());
  const publish = (over: Parameters<typeof host>[1]) =>
    store.put(keys.host('i-1'), JSON.stringify(host('i-1', over)), 'any', never);
  const desired = JSON.stringify({release: NEW, by: 'ada', message: 'the cart'});
  const put = await store.put(keys.desired, desired, 'any', never);
  if (!put.ok) throw new Error('not written');
  await publish({phase: 'waiting', wants: {release: NEW, version: put.version}});
  const {url, posted} = await startHook(t);
  const texts = () => posted.map(({body}) => JSON.parse(body).text);
  const first = wear(t, store, 'i-1', url);
  await eventually('the start', () => posted.length === 1);
  await first.end();
  await store.delete(keys.coordinator, 'any', never);
  const second = wear(t, store, 'i-2', url);
  const outcome = {fence: 1, result: 'done', release: NEW, version: put.version, cause: null} as const;
  await publish({active: NEW, outcome});
  await eventually('the end', () => posted.length === 2);
  t.same(texts(), [
    'rollout 1 to snap-22222222 started by ada: the cart',
    'rollout 1 to snap-22222222: every host serves it, and new instances boot it',
  ]);
  await second.end();
  t.notMatch(JSON.stringify([...first.lines, ...second.lines]), new RegExp(new URL(url).port));
});

t.test('an agent that stops waits little for a webhook that does not answer', async t => {
  const store = await openDirectoryStore({path: await temporaryFolder(t)});
  t.teardown(() => store.close());
  await store.put(keys.desired, NEW, 'any', never);
  await store.put(keys.host('i-1'), JSON.stringify(host('i-1')), 'any', never);
  const {url, posted} = await startHook(t, () => undefined);
  const {end} = wear(t, store, 'i-1', url);
  await eventually('the call', () => posted.length === 1);
  const start = performance.now();
  await end();
  t.ok(performance.now() - start < 9_000);
  t.match(JSON.parse((await store.get(keys.told, never))?.value ?? ''), {pending: [{by: null}]});
});
