import t from 'tap';
import {forecast} from '../../../../agent/core/fleet/forecast/forecast.ts';
import {inOrder} from '../../../../agent/core/fleet/order.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, rollout, unseen, view, waiting} from '../fleet.ts';

const MINUTE = 60_000;
const assumed = {perHostMs: MINUTE};
const fleet = (count: number, over: Parameters<typeof host>[1] = {}) =>
  Array.from({length: count}, (_, n) => host(`i-${n}`, over));

t.test('hosts go in the order in which the planner lets them, a limit at a time', async t => {
  const hosts = fleet(10);
  const {waves, end, endsAt, blocked} = forecast(view(hosts, {now: 0}), assumed);
  t.equal(waves.length, 1);
  t.same(
    waves[0]?.hosts,
    inOrder(hosts).map(({instance}) => instance),
  );
  t.match(waves[0], {name: 'all', beginsAt: 0, endsAt: 5 * MINUTE});
  t.same([end, endsAt, blocked], ['proven', 5 * MINUTE, null]);
});

t.test('waves bake, canaries first', async t => {
  const hosts = [...fleet(20), host('i-c1', {canary: true}), host('i-c2', {canary: true})];
  const rules = policy({waves: ['canary', {percent: 50}], bakeMs: 10 * MINUTE, concurrency: {count: 5}});
  const {waves, end, endsAt} = forecast(view(hosts, {policy: rules, now: 0}), assumed);
  t.same(
    waves.map(({name, hosts: names, beginsAt, endsAt: at}) => [name, names.length, beginsAt, at]),
    [
      ['canary', 2, 0, MINUTE],
      ['50%', 9, 11 * MINUTE, 13 * MINUTE],
      ['the rest', 11, 23 * MINUTE, 26 * MINUTE],
    ],
  );
  t.same(waves[0]?.hosts.toSorted(), ['i-c1', 'i-c2']);
  t.same([end, endsAt], ['proven', 26 * MINUTE]);
});

t.test('a share ends where it reaches', async t => {
  const desired = {release: {kind: 'ebs', snapshot: NEW}, version: '2', share: {percent: 30}} as const;
  const {waves, end, endsAt, blocked} = forecast(view(fleet(10), {desired, now: 0}), assumed);
  t.equal(waves[0]?.hosts.length, 3);
  t.match([end, endsAt, blocked], ['partial', 2 * MINUTE, {kind: 'permit.share'}]);
});

t.test('it waits for the window, as the planner does', async t => {
  const windows = [{days: [0, 1, 2, 3, 4, 5, 6], from: 60, to: 62, timezone: 'UTC'}];
  const rules = policy({windows, concurrency: {count: 1}, floor: {count: 0}});
  const {waves, endsAt, end} = forecast(view(fleet(3), {policy: rules, now: 0}), assumed);
  t.match(waves[0], {beginsAt: 60 * MINUTE});
  t.equal(endsAt, (24 * 60 + 61) * MINUTE, 'two on the first day, one on the next');
  t.equal(end, 'proven');
});

t.test('a rollout that is under way goes on from where it is', async t => {
  const hosts = [
    host('i-0', {active: NEW}),
    host('i-1', {phase: 'draining', serving: false, permit: 4}),
    host('i-2'),
  ];
  const permits = [{host: 'i-1', fence: 4, release: NEW, version: '2', since: 0}];
  const ledger = {...view([]).ledger, proven: OLD, fence: 4, rollout: rollout(), permits};
  const {waves, endsAt, end} = forecast(view(hosts, {ledger, now: MINUTE / 2}), assumed);
  t.same(waves, [{name: 'all', hosts: ['i-2'], beginsAt: MINUTE, endsAt: 2 * MINUTE}]);
  t.same([end, endsAt], ['proven', 2 * MINUTE]);
});

t.test('whoever waits already is counted', async t => {
  const {waves, endsAt} = forecast(view([waiting('i-1'), waiting('i-2')], {now: 0}), assumed);
  t.match([waves[0]?.hosts.length, endsAt], [2, 2 * MINUTE]);
});

t.test('who went first comes back first', async t => {
  const permit = (n: number, since: number) => ({
    host: `i-${n}`,
    fence: n,
    release: NEW,
    version: '2',
    since,
  });
  const hosts = fleet(10);
  const rules = policy({concurrency: {count: 2}});
  const ledger = {
    ...view([]).ledger,
    proven: OLD,
    fence: 2,
    rollout: rollout(),
    permits: [permit(1, MINUTE / 2), permit(2, 0)],
  };
  const {waves, endsAt} = forecast(view(hosts, {ledger, policy: rules, now: MINUTE / 2}), assumed);
  t.match([waves[0]?.beginsAt, endsAt], [MINUTE, 5.5 * MINUTE]);
});

t.test('a permit that nobody knows the host of stays out', async t => {
  const permits = [{host: 'i-9', fence: 1, release: NEW, version: '2', since: 0}];
  const ledger = {...view([]).ledger, proven: OLD, fence: 1, rollout: rollout(), permits};
  const rules = policy({concurrency: {count: 2}, floor: {count: 0}});
  const missing = [unseen('i-9')];
  const {waves, end, endsAt} = forecast(view(fleet(2), {ledger, policy: rules, missing, now: 0}), assumed);
  t.match([waves[0]?.hosts.length, end, endsAt], [2, 'rolling', 2 * MINUTE], 'the others go one by one');
  const nobody = forecast(view([], {ledger, policy: rules, missing, now: 0}), assumed);
  t.match([nobody.waves, nobody.endsAt], [[], 0]);
});

t.test('a wave that is watched ends when it does, whoever is still out for something else', async t => {
  const hosts = [host('i-1', {active: NEW}), ...fleet(9)];
  const permits = [{host: 'i-0', fence: 1, release: OLD, version: '1', since: 4 * MINUTE}];
  const rules = policy({waves: [{count: 1}, {count: 2}], bakeMs: 2 * MINUTE, concurrency: {count: 5}});
  const ledger = {...view([]).ledger, proven: OLD, fence: 1, rollout: rollout({bakes: 0}), permits};
  const {waves} = forecast(view(hosts, {ledger, policy: rules, now: MINUTE}), assumed);
  t.match(waves[0], {name: '2', beginsAt: 2 * MINUTE, hosts: [/^i-/]});
});

t.test('what is nearly done is told when, also with nobody left to go', async t => {
  const hosts = [host('i-0', {active: NEW}), host('i-1', {phase: 'draining', serving: false, permit: 4})];
  const permits = [{host: 'i-1', fence: 4, release: NEW, version: '2', since: 0}];
  const ledger = {...view([]).ledger, proven: OLD, fence: 4, rollout: rollout(), permits};
  t.match(forecast(view(hosts, {ledger, now: 1}), assumed), {waves: [], end: 'proven', endsAt: MINUTE});
});

t.test('the way back has no waves', async t => {
  const rules = policy({waves: ['canary', {percent: 50}], bakeMs: MINUTE});
  const hosts = fleet(4, {active: NEW});
  const desired = {release: {kind: 'ebs', snapshot: OLD}, version: '3'} as const;
  const {waves, end} = forecast(view(hosts, {policy: rules, desired}), assumed);
  t.match([waves.length, waves[0]?.name, waves[0]?.hosts.length, end], [1, 'all', 4, 'proven']);
});

t.test('a fleet that takes itself back ends where it came from', async t => {
  const hosts = [host('i-0', {active: NEW}), host('i-1', {active: NEW}), host('i-2')];
  const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 0};
  const ledger = {...view([]).ledger, proven: OLD, rollout: rollout({revert})};
  const {waves, end} = forecast(view(hosts, {ledger, now: 0}), assumed);
  t.match([waves[0]?.hosts.length, end], [2, 'reverted']);
});

t.test('what stands in the way is where it ends', async t => {
  const held = host('i-1', {reason: reason('operator.hold', {by: 'ada', note: 'look'})});
  const withHeld = forecast(view([host('i-0'), held], {now: 0}), assumed);
  t.match(
    [withHeld.end, withHeld.blocked, withHeld.waves[0]?.hosts],
    ['rolling', {kind: 'rollout.behind'}, ['i-0']],
  );
  const broken = forecast(
    view([host('i-0'), host('i-1', {phase: 'held', serving: false})], {now: 0}),
    assumed,
  );
  t.match([broken.waves, broken.blocked], [[], {kind: 'permit.floor'}]);
  const lost = forecast(view([host('i-0')], {missing: [unseen('i-9')], now: 0}), assumed);
  t.match([lost.end, lost.waves], ['rolling', []]);
  const freeze = {by: 'ada', note: '', at: null};
  t.match(forecast(view(fleet(2), {freeze}), assumed), {
    waves: [],
    end: 'rolling',
    blocked: {kind: 'permit.frozen'},
  });
  const lock = {by: 'bob', why: '', at: null};
  t.match(forecast(view(fleet(2), {lock}), assumed), {
    waves: [],
    end: 'pending',
    blocked: {kind: 'permit.locked'},
  });
});

t.test('it ends after so many looks, and says that it does not know', async t => {
  const all = forecast(view(fleet(10), {now: 0}), {...assumed, steps: 3});
  t.match([all.endsAt, all.waves[0]?.hosts.length], [null, 6]);
  const large = fleet(1_000);
  t.equal(
    forecast(view(large, {policy: policy({concurrency: {count: 1}}), now: 0}), assumed).endsAt,
    1_000 * MINUTE,
  );
});
