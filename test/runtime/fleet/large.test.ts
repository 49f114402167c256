/** What hosts and coordinator of a fleet of thousands do not ask of the store. */
import t from 'tap';
import {type Call, readCall} from '../../../agent/core/fleet/call/call.ts';
import {EMPTY_LEDGER} from '../../../agent/core/fleet/ledger.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import type {Store} from '../../../agent/ports.ts';
import {callHolders} from '../../../agent/runtime/fleet/call/wake.ts';
import {lookEveryMs} from '../../../agent/runtime/fleet/permits.ts';
import {pauseAfterMs} from '../../../agent/runtime/fleet/watch.ts';

const keys = keysOf('web', 'production');

t.test('hosts are woken several at a time, each with its own fence', async t => {
  const woken = new Map<string, Call>();
  let [now, most] = [0, 0];
  const put = async (key: string, value: string) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise(resolve => setImmediate(resolve));
    now -= 1;
    woken.set(key, readCall(value));
  };
  const permits = Array.from({length: 50}, (_, n) => ({
    ...{host: `i-${n}`, fence: n + 1, release: 'snap-22222222', version: '2', since: 0},
  }));
  const stop = new AbortController();
  const parts = {store: {put} as unknown as Store, keys, clock: {now: () => 7}};
  const written = {ledger: EMPTY_LEDGER, version: '9', permits};
  await callHolders(parts, written, stop.signal);
  t.equal(woken.size, 50);
  const permit = {fence: 50, version: '2', quick: false};
  t.same(woken.get(keys.call('i-49')), {type: 'permit', permit, ledger: '9'});
  t.equal(most, 16);
  woken.clear();
  stop.abort();
  await callHolders(parts, written, stop.signal);
  t.equal(woken.size, 0, 'who lost the hat wakes nobody');
});

t.test(
  'all waiting hosts together look at the notice no oftener in a large fleet than in one of 200',
  async t => {
    t.equal(lookEveryMs(0), 15_000);
    t.equal(lookEveryMs(200), 15_000);
    t.equal(lookEveryMs(3_000), 225_000);
    t.equal(lookEveryMs(100_000), 300_000);
  },
);

t.test('the statuses of a larger fleet are asked for less often', async t => {
  t.equal(pauseAfterMs(3), 3);
  t.equal(pauseAfterMs(1_000), 1_000);
  t.equal(pauseAfterMs(3_000), 3_000);
  t.equal(pauseAfterMs(100_000), 5_000);
});
