import t from 'tap';
import type {Ledger, Permit} from '../../../../agent/core/fleet/ledger.ts';
import {
  noteRollout,
  type RecordView,
  ROWS,
  resultsOf,
  supersede,
} from '../../../../agent/core/fleet/record/note.ts';
import {type RolloutRecord, readRecord} from '../../../../agent/core/fleet/record/record.ts';
import type {HostStatus, ReportedOutcome} from '../../../../agent/core/host/status.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {VALUE_LIMIT} from '../../../../agent/store/key.ts';
import {host, NEW, OLD, outcome, policy, rollout, view} from '../fleet.ts';

const permit = (name: string, fence: number, over: Partial<Permit> = {}): Permit => ({
  ...{host: name, fence, release: NEW, version: '2', since: fence * 10, ...over},
});
const see = (
  over: Partial<Ledger>,
  hosts: readonly HostStatus[],
  more: Partial<RecordView> = {},
): RecordView => {
  const {desired, policy: rules} = view([]);
  const ledger = {...view([]).ledger, rollout: rollout({since: 3}), ...over};
  return {ledger, hosts, desired, policy: rules, now: 100, ...more};
};
const note = (...views: readonly RecordView[]): RolloutRecord => {
  let record: RolloutRecord | null = null;
  for (const each of views) record = noteRollout(record, each);
  if (!record) throw new Error('no record');
  return record;
};
const said = (
  name: string,
  fence: number,
  result: ReportedOutcome['result'],
  over: Partial<HostStatus> = {},
) => host(name, {active: NEW, outcome: outcome(fence, result), ...over});

t.test('what was asked for stands in it, and how it began', async t => {
  const desired = {
    ...({release: {kind: 'ebs', snapshot: NEW}, version: '2', by: 'ada', message: 'the cart'} as const),
    share: {percent: 10},
  };
  const record = note(see({}, [], {desired}));
  t.match(record, {
    number: 1,
    release: NEW,
    from: OLD,
    way: 'forward',
    by: 'ada',
    message: 'the cart',
    share: '10%',
  });
  t.match(record, {since: 3, end: null, hosts: [], waves: [], events: []});
  t.match(note(see({}, [], {desired: {...desired, version: '3'}})), {by: null, message: null, share: null});
  t.strictSame(readRecord('rollouts/1', JSON.stringify(record)), {ok: true, value: record});
  t.equal(noteRollout(null, see({rollout: null}, [])), null);
  t.equal(noteRollout(record, see({rollout: null}, [])), record);
  t.match(readRecord('rollouts/1', '{}'), {ok: false, cause: {kind: 'store.document'}});
});

t.test('each permit has a row, from its begin to what became of it', async t => {
  const first = see({permits: [permit('a', 1), permit('b', 2)]}, [host('a'), host('b')]);
  const second = see({permits: [permit('b', 2)]}, [said('a', 1, 'done'), host('b')], {now: 200});
  const why = reason('gate.failed', {probe: 'http', seconds: 1, last: 'no'});
  const bad = host('b', {outcome: {...outcome(2, 'rolled-back'), cause: why}});
  const third = see({permits: [permit('c', 3)]}, [said('a', 1, 'done'), bad], {now: 300});
  const fourth = see({}, [said('a', 1, 'done')], {now: 400});
  const row = {to: NEW, cause: null};
  t.strictSame(note(first, second).hosts, [
    {...row, host: 'a', fence: 1, since: 10, until: 200, result: 'done'},
    {...row, host: 'b', fence: 2, since: 20, until: null, result: null},
  ]);
  const record = note(first, second, third, fourth);
  t.match(record.hosts, [
    {host: 'a', result: 'done'},
    {host: 'b', until: 300, result: 'rolled-back', cause: why},
    {host: 'c', until: 400, result: 'gone'},
  ]);
  t.same(resultsOf(record), {done: 1, 'rolled-back': 1, gone: 1});
  t.strictSame(
    note(first, first, second, second, third, third),
    note(first, second, third),
    'the same seen twice',
  );
});

t.test(
  'what began and ended between two looks is not lost, another rollout is not taken for this one',
  async t => {
    const other = {...outcome(4, 'done'), version: '1'};
    const hosts = [said('a', 3, 'done'), host('b', {outcome: other}), said('c', 2, 'unused')];
    const record = note(see({permits: [permit('d', 5), permit('z', 6, {version: '1'})]}, hosts, {now: 50}));
    t.match(record.hosts, [
      {host: 'c', fence: 2, since: null, until: 50, result: 'unused'},
      {host: 'a', fence: 3, since: null, until: 50, result: 'done'},
      {host: 'd', fence: 5, since: 50, until: null},
    ]);
    t.equal(record.hosts.length, 3);
    t.equal(record.fence, 5);
  },
);

t.test('a host that is stuck keeps its permit, and is told as stuck', async t => {
  const out = see({permits: [permit('a', 1)]}, [host('a')]);
  const why = reason('rollback.failed', {cause: 'x'});
  const outcomeOf = (cause: typeof why) => host('a', {outcome: {...outcome(1, 'stuck'), cause}});
  const stuck = see({permits: [permit('a', 1)]}, [outcomeOf(why)], {now: 200});
  t.match(note(out, stuck).hosts, [{cause: why}]);
  const later = see({permits: [permit('a', 1)]}, [outcomeOf(reason('rollback.failed', {cause: 'y'}))], {
    now: 300,
  });
  t.match(note(out, stuck, later).hosts, [{cause: why}], 'as it was told first');
  t.match(note(out, stuck).hosts, [{until: null, result: 'stuck'}]);
  t.match(
    note(out, stuck, see({}, [], {now: 300})).hosts,
    [{until: 300, result: 'gone'}],
    'it is terminated',
  );
});

t.test('waves have their times', async t => {
  const rules = policy({waves: ['canary', {percent: 10}]});
  const at = (wave: number, bakes: number | null, now: number) =>
    see({rollout: rollout({wave, bakes})}, [], {policy: rules, now});
  const first = note(at(0, null, 5));
  t.strictSame(first.waves, [{name: 'canary', since: 5, complete: null}]);
  const watched = note(at(0, null, 5), at(0, 20, 25));
  t.strictSame(watched.waves, [{name: 'canary', since: 5, complete: 20}]);
  const all = note(at(0, null, 5), at(0, 20, 25), at(0, 30, 35), at(1, null, 60), at(2, null, 90));
  t.strictSame(all.waves, [
    {name: 'canary', since: 5, complete: 20},
    {name: '10%', since: 60, complete: 90},
    {name: 'all', since: 90, complete: null},
  ]);
  t.same(note(see({rollout: rollout({way: 'back'})}, [], {policy: rules})).waves, []);
  const one = see({rollout: rollout()}, [], {policy: policy({waves: ['canary']}), now: 5});
  t.match(note(one).waves, [{name: 'canary'}], 'a single wave is one');
  const third = see({rollout: rollout({wave: 1, bakes: 70})}, [], {policy: rules, now: 75});
  t.match(note(at(0, null, 5), at(1, null, 60), third).waves, [
    {name: 'canary', complete: 60},
    {name: '10%', complete: 70},
  ]);
});

t.test('what stops it is told once, in its time', async t => {
  const halted = reason('permit.halted', {failures: 1, budget: 1, release: NEW});
  const frozen = reason('permit.frozen', {by: 'ada', note: '', since: ''});
  const busy = reason('permit.concurrency', {out: 1, limit: 1, holders: 'a'});
  const at = (blocked: Ledger['blocked'], now: number) => see({blocked}, [], {now});
  const record = note(at(busy, 1), at(frozen, 2), at(frozen, 3), at(null, 4), at(halted, 5), at(frozen, 6));
  t.strictSame(record.events, [
    {at: 2, cause: frozen},
    {at: 5, cause: halted},
    {at: 6, cause: frozen},
  ]);
  const often = Array.from({length: 240}, (_, n) => at(n % 2 === 0 ? frozen : halted, n));
  t.equal(note(...often).events.length, 100);
  t.equal(note(...often).events.at(-1)?.at, 239, 'the last ones');
});

t.test(
  'it ends when the release is proven, when it is taken back, or when another takes its place',
  async t => {
    const over = see({proven: NEW}, [host('a', {active: NEW})], {now: 70});
    t.strictSame(note(see({}, []), over).end, {at: 70, outcome: 'proven'});
    const out = see({proven: NEW, permits: [permit('a', 1)]}, []);
    t.equal(note(see({}, []), out).end, null, 'not while a permit is out');
    const proven = note(see({}, []), over);
    t.equal(noteRollout(proven, see({proven: OLD}, [], {now: 99})), proven, 'nothing is written after that');
    const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 5};
    const back = (hosts: readonly HostStatus[], permits: readonly Permit[] = [], now = 80) =>
      see({rollout: rollout({since: 3, revert}), permits}, hosts, {now});
    t.equal(note(back([host('a', {active: NEW})])).end, null);
    t.equal(note(back([host('a')], [permit('a', 1)])).end, null);
    const reverted = note(back([host('a')]), back([host('a')], [], 90));
    t.strictSame(reverted.end, {at: 80, outcome: 'reverted'});
    t.equal(noteRollout(reverted, back([host('b', {active: NEW})]))?.end, null, 'one comes back with it');
    const some = note(back([host('a', {active: NEW}), host('b')]));
    t.equal(some.end, null, 'every host, not some');
    const left = supersede(note(see({}, [])), 9);
    t.strictSame(left, {...note(see({}, [])), end: {at: 9, outcome: 'superseded'}});
    const again = noteRollout(reverted, back([host('b', {active: NEW})]));
    t.strictSame(again, {...reverted, end: null});
    const open = note(see({}, []));
    t.equal(noteRollout(open, see({}, []))?.end, null);
    for (const record of [reverted, left, proven])
      t.strictSame(readRecord('rollouts/1', JSON.stringify(record)), {ok: true, value: record});
    t.equal(supersede(proven, 9), proven);
    const next = see({rollout: rollout({number: 2})}, []);
    t.match(note(over, next), {number: 2, end: null, hosts: []});
  },
);

t.test('the record of a large fleet fits into one value of a store', async t => {
  const name = (n: number) => `i-${n.toString(16).padStart(17, '0')}`;
  const why = reason('script.failed', {script: 'x', status: '1', output: 'y'.repeat(2_000)});
  const result = (n: number) => (n % 50 === 0 ? ('rolled-back' as const) : ('done' as const));
  const hosts = Array.from({length: 5_000}, (_, n) =>
    host(name(n), {active: NEW, outcome: {...outcome(n + 1, result(n)), cause: n % 50 === 0 ? why : null}}),
  );
  const permits = Array.from({length: 100}, (_, n) => permit(name(6_000 + n), 6_000 + n));
  const record = note(see({permits}, hosts));
  t.equal(record.hosts.length, 400);
  t.equal(ROWS, 400);
  const failing = hosts
    .slice(0, 60)
    .map(each => ({...each, outcome: each.outcome && {...each.outcome, cause: why}}));
  const few = note(see({}, failing));
  t.equal(few.hosts.filter(({cause}) => cause !== null).length, 40, 'in a small fleet, too');
  t.equal(few.hosts.length, 60);
  const exact = note(see({}, hosts.slice(0, ROWS)));
  t.match(exact, {hosts: {length: ROWS}, number: 1, release: NEW});
  t.same(exact.more, {}, 'as many as have room');
  const over = note(see({}, hosts.slice(0, ROWS + 1)));
  t.match(over, {hosts: {length: ROWS}, more: {done: 1}, number: 1, release: NEW});
  const more = noteRollout(over, see({}, hosts.slice(0, ROWS + 3)));
  t.same(more?.more, {done: 3}, 'they add up');
  t.strictSame(readRecord('rollouts/1', JSON.stringify(record)), {ok: true, value: record});
  t.equal(record.hosts.filter(({until}) => until === null).length, 100, 'who is out is among them');
  t.equal(
    record.hosts.filter(({cause}) => cause !== null).length,
    40,
    'and some that failed, with their cause',
  );
  t.same(resultsOf(record), {done: 4_900, 'rolled-back': 100});
  t.ok(JSON.stringify(record).length < VALUE_LIMIT, `${JSON.stringify(record).length} bytes`);
  t.strictSame(note(see({permits}, hosts), see({permits}, hosts)), record, 'no row is counted twice');
});
