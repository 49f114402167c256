/** How a host learns of its permit, and what it asks of the store for that. */
import t from 'tap';
import {permitCall, revertCall} from '../../../agent/core/fleet/call/call.ts';
import {noticeOf} from '../../../agent/core/fleet/call/notice.ts';
import {EMPTY_LEDGER, type Ledger, type Permit} from '../../../agent/core/fleet/ledger.ts';
import type {EventInput} from '../../../agent/core/host/event-input.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {reason} from '../../../agent/core/reason.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import type {Store} from '../../../agent/ports.ts';
import {createPermits} from '../../../agent/runtime/fleet/permits.ts';
import {openStore} from '../../../agent/store/open.ts';
import {NEW, OLD, rollout} from '../../core/fleet/fleet.ts';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const never = new AbortController().signal;
const keys = keysOf('web', 'production');
const permit: Permit = {host: 'i-1', fence: 5, release: NEW, version: '2', since: 1};
const cause = reason('permit.frozen', {by: 'ann', note: 'sale', since: ''});
const ledger: Ledger = {...EMPTY_LEDGER, fence: 5, rollout: rollout(), permits: [permit]};

/** A host that listens, with a clock whose pauses end when the test says so. */
const listening = async (
  t: {teardown(end: () => Promise<void>): void},
  before?: (store: Store) => unknown,
) => {
  const store = await openStore({kind: 'directory', path: await temporaryFolder(t)});
  const stop = new AbortController();
  const heard: EventInput[] = [];
  const asked: string[] = [];
  const looks: (() => void)[] = [];
  const broken = {isAt: false};
  const spied: Store = {
    ...store,
    get: (key, signal) => {
      asked.push(key);
      return store.get(key, signal);
    },
    isAt: (key, version, signal) => {
      asked.push(`is ${key} at`);
      if (broken.isAt) throw new Error('no answer');
      return store.isAt(key, version, signal);
    },
  };
  const clock = {
    ...systemClock,
    sleep: (_ms: number, signal: AbortSignal) =>
      new Promise<void>(resolve => {
        looks.push(resolve);
        signal.addEventListener('abort', () => resolve());
      }),
  };
  const put = async (key: string, value: unknown): Promise<string> => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    const result = await store.put(key, text, 'any', never);
    return result.ok ? result.version : '';
  };
  await before?.(store);
  const dispatch = (event: EventInput) => void heard.push(event);
  const permits = createPermits({store: spied, keys, instance: 'i-1', generation: () => 7, dispatch, clock});
  const ended = [permits.listen(stop.signal), permits.ask(stop.signal)];
  t.teardown(async () => {
    stop.abort();
    await Promise.all(ended);
    await store.close();
  });
  await eventually('the bell', async () => (await store.get(keys.call('i-1'), never)) !== null);
  const look = (): void => looks.shift()?.();
  const until = (count: number) => eventually(`${count} events`, () => heard.length >= count);
  return {put, heard, asked, look, until, broken};
};

t.test('a call is believed when the ledger is the one that granted it, which nobody reads', async t => {
  const {put, heard, asked, until} = await listening(t);
  const version = await put(keys.ledger, ledger);
  await put(keys.call('i-1'), permitCall(permit, ledger, version, 1));
  await until(1);
  t.same(heard, [{type: 'permit.granted', generation: 7, fence: 5, version: '2'}]);
  t.same(asked, ['is web/production/ledger at']);
});

t.test('on a way back it is told to be quick', async t => {
  const {put, heard, until} = await listening(t);
  const back: Ledger = {...ledger, rollout: rollout({way: 'back'})};
  await put(keys.call('i-1'), permitCall(permit, back, await put(keys.ledger, back), 1));
  await until(1);
  await put(keys.ledger, {...back, fence: 6});
  await put(keys.call('i-1'), permitCall(permit, back, '9', 2));
  await until(2);
  t.match(heard, [{quick: true}, {quick: true}]);
});

t.test('a ledger that was written since is read, once, and says what became of the permit', async t => {
  const {put, heard, asked, until} = await listening(t);
  const version = await put(keys.ledger, ledger);
  const later = {...permit, fence: 8};
  await put(keys.ledger, {...ledger, fence: 8, permits: [later], blocked: cause});
  await put(keys.call('i-1'), permitCall(permit, ledger, version, 1));
  await until(1);
  t.match(heard, [{type: 'permit.granted', fence: 8}], 'and nobody tells it that it must wait');
  t.equal(asked.filter(key => key === keys.ledger).length, 1);
  await put(keys.ledger, {...ledger, permits: [], blocked: cause});
  await put(keys.call('i-1'), permitCall(permit, ledger, version, 2));
  await until(2);
  t.match(heard[1], {type: 'permit.blocked', cause}, 'one that was taken away, or never was, grants nothing');
  t.equal(heard.length, 2);
});

t.test('a call that an older store brings back grants nothing', async t => {
  const {put, heard, until} = await listening(t, async store => {
    await store.put(keys.ledger, JSON.stringify({...ledger, permits: [], blocked: cause}), 'any', never);
    await store.put(keys.call('i-1'), permitCall(permit, ledger, '77', 1), 'any', never);
  });
  await until(1);
  t.match(heard, [{type: 'permit.blocked', cause}]);
  await put(keys.call('i-1'), '{"at":3}');
  await until(2);
  t.equal(heard.filter(({type}) => type === 'permit.granted').length, 0);
});

t.test('what a coordinator of an older version calls is looked up in the ledger', async t => {
  const {put, heard, asked, until, look} = await listening(t);
  await put(keys.ledger, {...ledger, blocked: cause});
  await put(keys.call('i-1'), '5');
  await until(1);
  t.match(heard, [{type: 'permit.granted', fence: 5, version: '2'}]);
  const revert = {release: OLD, cause, since: 3};
  await put(keys.ledger, {...ledger, permits: [], rollout: rollout({revert})});
  await put(keys.call('i-1'), `revert ${Date.now()}`);
  await until(2);
  t.match(heard[1], {type: 'rollout.reverted', version: '2', to: {snapshot: OLD}});
  await put(keys.ledger, {...ledger, permits: [], blocked: cause});
  asked.length = 0;
  look();
  await until(3);
  t.match(heard[2], {type: 'permit.blocked', cause}, 'there is no notice: the ledger says why it waits');
  t.same(asked, [keys.notice, keys.ledger]);
});

t.test('why it waits, and to where it turns, is in the notice', async t => {
  const {put, heard, asked, until, look} = await listening(t);
  await put(keys.notice, noticeOf({...ledger, blocked: cause}));
  look();
  await until(1);
  t.same(heard, [{type: 'permit.blocked', generation: 7, cause}]);
  const revert = {release: OLD, cause, since: 3};
  await put(keys.notice, noticeOf({...ledger, rollout: rollout({revert})}));
  await put(keys.call('i-1'), revertCall(1));
  await until(2);
  t.match(heard[1], {
    type: 'rollout.reverted',
    version: '2',
    release: {snapshot: NEW},
    to: {snapshot: OLD},
    cause,
  });
  t.same(asked, [keys.notice, keys.notice], 'and the ledger is read by nobody');
});

t.test('a call that could not be followed is followed at the next look', async t => {
  const {put, heard, until, look, broken} = await listening(t);
  const version = await put(keys.ledger, ledger);
  broken.isAt = true;
  await put(keys.call('i-1'), permitCall(permit, ledger, version, 1));
  await until(1);
  t.match(heard, [{type: 'permit.blocked', cause: {kind: 'unexpected'}}]);
  broken.isAt = false;
  look();
  await until(2);
  t.match(heard[1], {type: 'permit.granted', fence: 5});
});
