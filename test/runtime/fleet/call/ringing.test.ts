/** Calls that are lost, and notices that cannot be written. */
import t from 'tap';
import {readCall} from '../../../../agent/core/fleet/call/call.ts';
import {noticeOf} from '../../../../agent/core/fleet/call/notice.ts';
import {EMPTY_LEDGER, type Permit} from '../../../../agent/core/fleet/ledger.ts';
import {keysOf} from '../../../../agent/core/keys.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {ReasonError} from '../../../../agent/core/reason-error.ts';
import {systemClock} from '../../../../agent/host/clock.ts';
import type {Store} from '../../../../agent/ports.ts';
import {createAnnouncement} from '../../../../agent/runtime/fleet/announce.ts';
import {createRinging} from '../../../../agent/runtime/fleet/call/ringing.ts';
import {host, NEW} from '../../../core/fleet/fleet.ts';
import {keptLog} from '../../../support/log.ts';

const keys = keysOf('web', 'production');
const never = new AbortController().signal;

t.test('a host that says nothing of its permit is called again every 15 s, with another value', async t => {
  const permit: Permit = {host: 'i-1', fence: 5, release: NEW, version: '2', since: 1};
  const written = {ledger: {...EMPTY_LEDGER, permits: [permit]}, version: '9'};
  const calls: string[] = [];
  let now = 0;
  const clock = {...systemClock, elapsed: () => now, now: () => 1_000 + now};
  const put = async (_key: string, value: string) => void calls.push(value);
  const ringing = createRinging({store: {put} as unknown as Store, keys, clock});
  const again = (at: number, permitOfHost: number | null) => {
    now = at;
    return ringing.again(written, [host('i-1', {permit: permitOfHost})], never);
  };
  t.equal(await again(0, null), 1);
  await again(14_999, null);
  t.same(calls, [], 'it was called with its grant');
  await again(15_000, null);
  await again(20_000, null);
  await again(30_000, null);
  t.match(calls.map(readCall), [{permit: {fence: 5}, ledger: '9'}, {permit: {fence: 5}}]);
  t.equal(new Set(calls).size, 2);
  t.equal(await again(60_000, 5), 0);
  t.equal(calls.length, 2, 'it has heard');
});

t.test('the notice is written when it changes', async t => {
  const puts: string[] = [];
  let stored: string | null = null;
  let isRefused = false;
  const store = {
    get: async (key: string) => (stored === null ? null : {key, value: stored, version: '1'}),
    put: async (key: string, value: string) => {
      t.equal(key, keys.notice);
      if (isRefused)
        throw new ReasonError(reason('store.refused', {store: 'consul', cause: 'Permission denied'}));
      puts.push(value);
      stored = value;
    },
  } as unknown as Store;
  const {log, lines} = keptLog();
  const {ledger: announce, blocked} = createAnnouncement({store, keys, log});
  await announce(EMPTY_LEDGER, never);
  await announce({...EMPTY_LEDGER, fence: 3, denied: [NEW]}, never);
  t.same(puts, [JSON.stringify(noticeOf(EMPTY_LEDGER))], 'what concerns no host that waits is not written');
  await createAnnouncement({store, keys, log}).ledger(EMPTY_LEDGER, never);
  t.equal(puts.length, 1, 'nor what another coordinator wrote already');
  isRefused = true;
  for (let n = 0; n < 2; n += 1) await announce({...EMPTY_LEDGER, hosts: 30}, never);
  t.equal(lines.length, 1, 'that it cannot be written is said once, and keeps nothing back');
  isRefused = false;
  await announce({...EMPTY_LEDGER, hosts: 30}, never);
  t.match(JSON.parse(puts[1] ?? ''), {hosts: 30});
  const cause = reason('store.document', {key: 'ledger', expected: 'JSON', got: 'x'});
  await blocked(cause, never);
  t.match(JSON.parse(puts[2] ?? ''), {blocked: cause, hosts: 30}, 'how many hosts there are is told on');
  await blocked(cause, never);
  t.equal(puts.length, 3);
  await announce({...EMPTY_LEDGER, hosts: 30}, never);
  t.equal(puts[3], puts[1]);
});
