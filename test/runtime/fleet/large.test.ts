/** What hosts and coordinator of a fleet of thousands do not ask of the store. */
import t from 'tap';
import {keysOf} from '../../../agent/core/keys.ts';
import type {Store} from '../../../agent/ports.ts';
import {lookEveryMs} from '../../../agent/runtime/fleet/permits.ts';
import {wakeHolders} from '../../../agent/runtime/fleet/wake.ts';

const keys = keysOf('web', 'production');

t.test('hosts are woken several at a time, each with its own fence', async t => {
  const woken = new Map<string, string>();
  let [now, most] = [0, 0];
  const put = async (key: string, value: string) => {
    now += 1;
    most = Math.max(most, now);
    await new Promise(resolve => setImmediate(resolve));
    now -= 1;
    woken.set(key, value);
  };
  const permits = Array.from({length: 50}, (_, n) => ({
    ...{host: `i-${n}`, fence: n + 1, release: 'snap-22222222', version: '2', since: 0},
  }));
  const stop = new AbortController();
  await wakeHolders({store: {put} as unknown as Store, keys}, permits, stop.signal);
  t.equal(woken.size, 50);
  t.equal(woken.get(keys.call('i-49')), '50');
  t.equal(most, 16);
  woken.clear();
  stop.abort();
  await wakeHolders({store: {put} as unknown as Store, keys}, permits, stop.signal);
  t.equal(woken.size, 0, 'who lost the hat wakes nobody');
});

t.test(
  'all waiting hosts together look at the ledger no oftener in a large fleet than in one of 200',
  async t => {
    t.equal(lookEveryMs(0), 15_000);
    t.equal(lookEveryMs(200), 15_000);
    t.equal(lookEveryMs(3_000), 225_000);
    t.equal(lookEveryMs(100_000), 300_000);
  },
);
