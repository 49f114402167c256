import t from 'tap';
import type {Failure, Permit} from '../../../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {AGAIN_MS, LOST_MS, NAMED} from '../../../../agent/core/fleet/telling/hosts.ts';
import {NOTHING_TOLD} from '../../../../agent/core/fleet/telling/told.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, outcome, policy, unseen} from '../fleet.ts';
import {kinds, see, tell, tellFrom} from './telling.ts';

const why = (last: string) => reason('gate.failed', {probe: 'http', seconds: 1, last});
const failure = (name: string, fence: number): Failure => ({host: name, fence, cause: why(name)});
const permit = (name: string, fence: number): Permit => ({
  ...{host: name, fence, release: NEW, version: '2', since: 0},
});
/** No number of failures halts it. */
const rules = policy({budget: {count: 500}});
const at = (now: number, ledger: Parameters<typeof see>[0], more: Partial<FleetView> = {}): FleetView =>
  see(ledger, more.hosts ?? [host('a')], {policy: rules, ...more, now});
const start = at(1_000, {});

t.test('hosts on which it failed: the first at once, those that follow soon together', async t => {
  const [a, b, c] = [failure('a', 1), failure('b', 2), failure('c', 3)];
  const soon = 2_000 + AGAIN_MS - 1;
  const events = tell(
    start,
    at(2_000, {failures: [a]}),
    at(3_000, {failures: [a, b]}),
    at(soon, {failures: [a, b, c]}),
    at(soon + 1, {failures: [a, b, c]}),
    at(soon + 2, {failures: [a, b, c]}),
  );
  t.same(events.slice(1).map(kinds), [['host-rolled-back'], [], [], ['host-rolled-back'], []]);
  t.match(events[1], [
    {id: 'host-rolled-back/a/1', hosts: ['a'], count: 1, cause: why('a'), rollout: {number: 1}},
  ]);
  t.match(events[4], [{id: 'host-rolled-back/b/2', hosts: ['b', 'c'], count: 2, cause: why('b')}]);
  const halt = at(3_000, {failures: [a, b]}, {policy: policy({budget: {count: 2}})});
  const stopped = tell(start, at(2_000, {failures: [a]}), halt);
  t.same(kinds(stopped[2]), ['host-rolled-back', 'rollout-halted'], 'what waits is told before the halt');
});

t.test('of many some are named, and all are counted', async t => {
  const failures = Array.from({length: 50}, (_, n) => failure(`i-${n}`, n + 1));
  const [event] = tell(start, at(2_000, {failures}))[1] ?? [];
  t.equal(event?.count, 50);
  t.equal(event?.hosts.length, NAMED);
  t.equal(NAMED, 20);
});

t.test('a long reason is cut', async t => {
  const cause = reason('script.failed', {script: 'x', status: '1', output: 'y\n'.repeat(500)});
  const [event] = tell(start, at(2_000, {failures: [{host: 'a', fence: 1, cause}]}))[1] ?? [];
  t.equal(String(event?.cause?.details.output).length, 301);
  t.match(tell(start, at(2_000, {failures: [{host: 'a', fence: 1, cause: null}]})), [[{}], [{cause: null}]]);
});

t.test('hosts that have the release and fail their probes are no hosts that went back', async t => {
  const failures = [failure('a', 1), failure('b', 2), failure('c', 3), failure('d', 4)];
  const hosts = [
    host('a', {active: NEW, outcome: outcome(1, 'done')}),
    host('b', {outcome: outcome(2, 'rolled-back')}),
    host('c', {outcome: outcome(9, 'done')}),
    host('e', {outcome: outcome(4, 'done')}),
  ];
  const events = tell(start, at(2_000, {failures}, {hosts}))[1];
  t.match(events, [
    {kind: 'host-rolled-back', id: 'host-rolled-back/b/2', hosts: ['b', 'c', 'd']},
    {kind: 'host-unwell', id: 'host-unwell/a/1', hosts: ['a'], count: 1},
  ]);
  t.equal(events?.length, 2);
  const only = at(2_000, {failures: [failure('a', 1)]}, {hosts});
  t.same(kinds(tell(start, only, {...only, now: 3_000})[1]), ['host-unwell']);
});

t.test('a host that is out and stays there', async t => {
  const stuck = host('a', {
    phase: 'held',
    serving: false,
    outcome: {...outcome(1, 'stuck'), cause: why('x')},
  });
  const failures = [failure('a', 1)];
  const both = at(2_000, {permits: [permit('a', 1), permit('b', 2)], failures}, {hosts: [stuck, host('b')]});
  const events = tell(start, both, both);
  t.same(events.slice(1).map(kinds), [['permit-stuck'], []], 'and did not go back');
  t.match(events[1], [{id: 'permit-stuck/a/1', hosts: ['a'], count: 1, cause: why('a')}]);
  const later = at(2_000, {permits: [permit('a', 1)]}, {hosts: [stuck]});
  t.match(tell(start, later)[1], [{kind: 'permit-stuck', cause: why('x')}], 'of a rollout before');
  const other = at(2_000, {permits: [permit('a', 2)]}, {hosts: [stuck]});
  t.same(kinds(tell(start, other)[1]), [], 'an older permit was stuck');
  const done = host('a', {outcome: outcome(1, 'done')});
  t.same(kinds(tell(start, at(2_000, {permits: [permit('a', 1)]}, {hosts: [done]}))[1]), []);
});

t.test('a permit is told as stuck once, and another one anew', async t => {
  const stuckAt = (now: number, ...fences: number[]) =>
    at(
      now,
      {permits: fences.map(fence => permit(`h${fence}`, fence))},
      {hosts: fences.map(fence => host(`h${fence}`, {outcome: outcome(fence, 'stuck')}))},
    );
  const soon = 2_000 + AGAIN_MS;
  const events = tell(
    start,
    stuckAt(2_000, 1),
    stuckAt(3_000, 1, 2),
    stuckAt(soon, 1, 2, 3),
    stuckAt(soon + AGAIN_MS, 3),
    stuckAt(soon + 2 * AGAIN_MS, 1, 3),
  );
  t.match(events.slice(1), [
    [{hosts: ['h1']}],
    [],
    [{id: 'permit-stuck/h2/2', hosts: ['h2', 'h3'], count: 2}],
    [],
    [{hosts: ['h1']}],
  ]);
  t.same(
    events.map(({length}) => length),
    [1, 1, 0, 1, 0, 1],
  );
  const {told} = tellFrom(NOTHING_TOLD, stuckAt(2_000, 1), stuckAt(2_001, 2));
  t.same(told.stuck, [], 'what is free is forgotten, also while nothing is told');
  const halt = {...stuckAt(3_000, 1, 2), policy: policy({budget: {count: 1}})};
  const failures = [failure('x', 9)];
  const turn = {...halt, ledger: {...halt.ledger, failures}};
  t.same(kinds(tell(start, stuckAt(2_000, 1), turn)[2]), [
    'host-rolled-back',
    'permit-stuck',
    'rollout-halted',
  ]);
});

t.test('a host that is not seen any more for a while, and that nobody ended', async t => {
  const away = (now: number, ec2 = 'running', ...names: string[]) =>
    at(now, {}, {missing: names.map(name => unseen(name, {since: 5_000, ec2}))});
  const late = 5_000 + LOST_MS;
  const events = tell(
    start,
    away(late - 1, 'running', 'b'),
    away(late, 'running', 'b'),
    away(late + 1, 'running', 'b'),
  );
  t.same(events.slice(1).map(kinds), [[], ['host-lost'], []]);
  t.match(events[2], [
    {
      id: 'host-lost/b/5000',
      hosts: ['b'],
      count: 1,
      cause: {kind: 'host.unseen', details: {since: 5_000, ec2: 'running'}},
    },
  ]);
  for (const ec2 of ['shutting-down', 'terminated'])
    t.same(kinds(tell(start, away(late, ec2, 'b'))[1]), [], ec2);
  for (const ec2 of ['none', 'unknown', 'absent', 'stopped'])
    t.same(kinds(tell(start, away(late, ec2, 'b'))[1]), ['host-lost'], ec2);
  const two = tell(start, away(late, 'running', 'b'), away(late + 1, 'running', 'b', 'c'));
  t.same(kinds(two[2]), [], 'others wait a while');
  const more = tell(start, away(late, 'running', 'b'), away(late + AGAIN_MS, 'running', 'b', 'c', 'd'));
  t.match(more[2], [{id: 'host-lost/c/5000', hosts: ['c', 'd'], count: 2}]);
  const again = tell(start, away(late, 'none', 'b'), away(late + 1), away(late + AGAIN_MS, 'none', 'b'));
  t.same(again.slice(1).map(kinds), [['host-lost'], [], ['host-lost']], 'one that was back in between');
  const halt = {...away(late + 1, 'none', 'b', 'c'), policy: policy({budget: {count: 1}})};
  const turn = {...halt, ledger: {...halt.ledger, failures: [failure('x', 9)]}};
  t.same(kinds(tell(start, away(late, 'none', 'b'), turn)[2]), [
    'host-rolled-back',
    'host-lost',
    'rollout-halted',
  ]);
});

t.test('who is told as stuck or lost is remembered while it is, and nobody else', async t => {
  const missing = ['b', 'c'].map(name => unseen(name, {since: 0}));
  const permits = [permit('a', 1), permit('d', 2)];
  const hosts = [host('a', {outcome: outcome(1, 'stuck')}), host('d')];
  const first = at(LOST_MS, {permits}, {missing, hosts});
  const {told} = tellFrom(NOTHING_TOLD, first);
  t.match(told, {stuck: [1], lost: ['b', 'c']});
  t.equal(told.stuck.length, 1);
  const back = {...first, missing: missing.slice(1), now: LOST_MS + 1};
  const later = tellFrom(told, back).told;
  t.same(later.lost, ['c']);
  t.same(later.last, {stuck: LOST_MS, lost: LOST_MS});
  const failures = [failure('x', 9)];
  const third = tellFrom(later, {...back, ledger: {...back.ledger, failures}}).told;
  t.same(third.last, {stuck: LOST_MS, lost: LOST_MS, failures: LOST_MS + 1});
});

t.test('without a rollout, too, hosts that are lost soon after others wait', async t => {
  const away = (now: number, ...names: string[]) =>
    at(now, {rollout: null}, {missing: names.map(name => unseen(name, {since: 0}))});
  t.same(tell(away(LOST_MS, 'b'), away(LOST_MS + 1, 'b', 'c')).map(kinds), [['host-lost'], []]);
});

t.test('one that is lost with a permit keeps it: both are told', async t => {
  const missing = [unseen('b', {since: 5_000})];
  const lost = at(5_000 + LOST_MS, {permits: [permit('b', 4)]}, {missing});
  const events = tell(start, lost)[1];
  t.same(kinds(events), ['permit-stuck', 'host-lost']);
  t.match(events?.[0], {id: 'permit-stuck/b/4', cause: {kind: 'host.unseen'}});
});

t.test('hosts are told of while there was never a rollout, too', async t => {
  const missing = [unseen('b', {since: 0})];
  const events = tell(at(LOST_MS, {rollout: null, failures: [failure('a', 1)]}, {missing}));
  t.match(events, [[{kind: 'host-lost', rollout: null}]]);
  t.equal(events[0]?.length, 1);
});
