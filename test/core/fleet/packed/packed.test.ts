/** Documents of large fleets, as they are written and read again. */
import t from 'tap';
import * as v from 'valibot';
import {EMPTY_LEDGER, type Ledger, readLedger} from '../../../../agent/core/fleet/ledger.ts';
import {ledgerText, PLAIN_LIMIT} from '../../../../agent/core/fleet/packed/ledger-text.ts';
import {packedSchema, packRows} from '../../../../agent/core/fleet/packed/pack.ts';
import {recordText} from '../../../../agent/core/fleet/packed/record-text.ts';
import {type HostRow, type RolloutRecord, readRecord} from '../../../../agent/core/fleet/record/record.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {NEW, OLD, rollout} from '../fleet.ts';

const SINCE = 1_700_000_000_000;
const cause = reason('bake.failed', {probe: 'http', last: 'HTTP 500'});
const names = (count: number) =>
  Array.from({length: count}, (_, n) => `i-0a1b2c3d4e${String(n).padStart(6, '0')}`);

t.test('rows come back as they were, to the second', async t => {
  const rows = [
    {host: 'i-0ab', fence: 41, since: SINCE + 61_999},
    {host: 'i-0', fence: 7, since: SINCE},
    {host: 'i-0b_.-9', fence: 2_000, since: SINCE + 1_000},
  ];
  const packed = packRows(rows);
  t.same(packed, {prefix: 'i-0', fence: 7, since: SINCE, rows: 'ab:y:1p :0:0 b_.-9:1jd:1'});
  const back = v.parse(packedSchema, packed);
  t.same(back, [{...rows[0], since: SINCE + 61_000}, rows[1], rows[2]]);
  t.same(packRows(back), packed, 'and stay as they are');
  t.same(v.parse(packedSchema, packRows([])), []);
  t.same(packRows([]), {prefix: '', fence: 0, since: 0, rows: ''});
  t.equal(packRows([{...rows[1], host: 'x'} as (typeof rows)[0], ...rows]).prefix, '');
  t.same(packRows(rows.slice(1, 2)), {prefix: 'i-0', fence: 7, since: SINCE, rows: ':0:0'});
  const near = ['i-ab', 'i-ac'].map(host => ({host, fence: 1, since: SINCE}));
  t.equal(packRows(near).prefix, 'i-a');
  for (const bad of ['a:1', 'a:1:2 ', 'a:1:2:3', 'a:-1:2', 'a b:1:1', 'a:1:123456789012'])
    t.notOk(v.safeParse(packedSchema, {...packed, rows: bad}).success, bad);
});

const ledgerOf = (count: number, failed = 0): Ledger => ({
  ...EMPTY_LEDGER,
  fence: count,
  rollout: rollout(),
  permits: names(count).map((host, n) => ({
    ...{host, fence: n + 1, since: SINCE + n * 1_000},
    ...(n % 2 === 0 ? {release: NEW, version: '2'} : {release: OLD, version: '1'}),
  })),
  failures: names(failed).map((host, n) => ({host, fence: n + 1, cause})),
});

t.test('a ledger that is not too large is written as people and older agents read it', async t => {
  const ledger = ledgerOf(1_000, 10);
  t.equal(ledgerText(ledger), JSON.stringify(ledger));
  t.ok(ledgerText(ledger).length <= PLAIN_LIMIT);
});

t.test('it may have 128 KiB', async t => {
  const padded = (size: number): Ledger => {
    const ledger = ledgerOf(100, 41);
    return {...ledger, denied: ['x'.repeat(size - ledgerText(ledger).length - 2)]};
  };
  t.equal(ledgerText(padded(131_072)).length, 131_072);
  t.ok(Array.isArray(JSON.parse(ledgerText(padded(131_072))).failures), 'plain');
  t.match(JSON.parse(ledgerText(padded(131_073))), {failures: {others: {since: 0}}}, 'packed');
});

t.test('a larger one comes back with the same permits', async t => {
  const ledger = ledgerOf(3_000, 2);
  const text = ledgerText(ledger);
  const reading = readLedger(text);
  if (!reading.ok) throw new Error('not readable');
  const byFence = reading.value.permits.toSorted((a, b) => a.fence - b.fence);
  t.same({...reading.value, permits: byFence}, ledger);
  t.equal(ledgerText(reading.value), text, 'and is the same when nothing changed');
});

t.test('of many failures the first causes and the last are kept', async t => {
  const few = ledgerOf(0, 40);
  t.same(readLedger(ledgerText(few)), {ok: true, value: few});
  for (const permits of [0, 3_000]) {
    const ledger = ledgerOf(permits, 100);
    const reading = readLedger(ledgerText(ledger));
    if (!reading.ok) throw new Error('not readable');
    const {failures} = reading.value;
    t.same(
      failures.map(({host}) => host),
      names(100),
    );
    const kept = failures.flatMap((failure, n) => (failure.cause === null ? [] : [n]));
    t.same(kept, [...Array.from({length: 39}, (_, n) => n), 99]);
    t.equal(ledgerText(reading.value), ledgerText(ledger));
  }
});

t.test('a record of hosts that are out comes back with the same rows', async t => {
  const open = (host: string, n: number, over: Partial<HostRow> = {}): HostRow => ({
    ...{host, fence: n + 1, to: NEW, since: SINCE + n * 1_000, until: null, result: null, cause: null},
    ...over,
  });
  const base: RolloutRecord = {
    ...{format: 1, number: 1, version: '2', release: NEW, from: OLD, way: 'forward', message: null, by: null},
    ...{share: null, since: SINCE, waves: [], hosts: [], more: {}, fence: 500, events: [], end: null},
  };
  const rowOf = (host: string, n: number): HostRow => {
    if (n % 7 === 0) return open(host, n, {until: SINCE, result: 'done'});
    if (n % 7 === 1) return open(host, n, {result: 'stuck'});
    if (n % 7 === 2) return open(host, n, {result: 'stuck', cause});
    return n % 7 === 3 ? open(host, n, {since: null}) : open(host, n, {to: n % 2 ? OLD : NEW});
  };
  const small = {...base, hosts: names(400).map((host, n) => open(host, n))};
  t.equal(recordText(small), JSON.stringify(small));
  const one = {...base, hosts: names(401).map((host, n) => open(host, n))};
  t.not(recordText(one), JSON.stringify(one));
  const record = {...base, hosts: names(1_000).map(rowOf)};
  t.same(readRecord('rollouts/1', recordText(record)), {ok: true, value: record});
  t.ok(recordText(record).length < JSON.stringify(record).length);
});
