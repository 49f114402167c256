import t from 'tap';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {readFreeze, readLock} from '../../../agent/core/fleet/stops.ts';
import {reason, reasonText} from '../../../agent/core/reason.ts';
import {holders, host, NEW, OLD, outcome, policy, rollout, unseen, view, waiting} from './fleet.ts';

const asked = {release: {kind: 'ebs', snapshot: NEW}, version: '2'} as const;
const three = [waiting('a'), waiting('b'), waiting('c')];
const said = (over: Parameters<typeof view>[1]): string | null => {
  const {blocked} = plan(view(three, over)).ledger;
  return blocked && reasonText(blocked);
};

t.test('a frozen fleet stands still, whatever stands in the key', async t => {
  const freeze = readFreeze('{"by": "ada", "note": "sale day", "at": 60000}');
  const {granted, ledger} = plan(view(three, {freeze}));
  t.same(granted, []);
  t.equal(
    ledger.blocked && reasonText(ledger.blocked),
    'the fleet is frozen by ada since 1970-01-01 00:01 UTC: sale day',
  );
  t.equal(said({freeze: readFreeze('do not touch\n')}), 'the fleet is frozen by somebody: do not touch');
  t.strictSame(readFreeze('{"by": " ada ", "note": "x\\n"}'), {by: 'ada', note: 'x', at: null});
  t.strictSame(readLock(' mine \n'), {by: 'somebody', why: 'mine', at: null});
  t.equal(said({freeze: readFreeze('')}), 'the fleet is frozen by somebody');
  t.equal(said({freeze: readFreeze('{"by": 7}')}), 'the fleet is frozen by somebody: {"by": 7}');
  const done = [host('a', {active: NEW, outcome: outcome(1, 'done')}), waiting('b'), waiting('c')];
  const out = plan(view(three)).ledger;
  const held = {...out, permits: out.permits.map(permit => ({...permit, host: 'a'}))};
  t.same(holders(plan(view(done, {freeze, ledger: held})).ledger), [], 'what ends is booked all the same');
});

t.test('a locked fleet begins what the owner of the lock asks for, and nothing else', async t => {
  const lock = readLock('{"by": "ada", "why": "migration", "at": 60000}');
  const ledger = {...view([]).ledger, rollout: rollout({version: '1', release: OLD})};
  const by = (name?: string) => ({...asked, ...(name !== undefined && {by: name})});
  const blocked = plan(view(three, {lock, ledger, desired: by('bob')})).ledger;
  t.match(blocked, {rollout: {version: '1'}, permits: []});
  t.equal(
    blocked.blocked && reasonText(blocked.blocked),
    'the fleet is locked by ada since 1970-01-01 00:01 UTC (migration): nobody else begins a rollout',
  );
  t.equal(plan(view(three, {lock, ledger, desired: by()})).granted.length, 0);
  t.equal(plan(view(three, {lock, ledger, desired: by('ada')})).granted.length, 1);
  t.equal(
    plan(view(three, {lock, ledger, desired: by('ada (1000)')})).granted.length,
    1,
    'as an agent names her',
  );
  t.equal(
    plan(view(three, {lock, desired: by('bob'), ledger: {...ledger, rollout: rollout()}})).granted.length,
    1,
    'what has begun goes on',
  );
  const quiet = {lock, desired: by('bob'), ledger: {...ledger, rollout: rollout()}};
  t.equal(
    plan(view([host('a', {phase: 'staging'})], quiet)).ledger.blocked,
    null,
    'and nobody is told of it',
  );
  t.equal(
    said({lock: readLock('mine'), ledger, desired: by('bob')}),
    'the fleet is locked by somebody (mine): nobody else begins a rollout',
  );
  t.equal(
    said({lock: readLock(''), ledger}),
    'the fleet is locked by somebody: nobody else begins a rollout',
  );
});

t.test('a rollout waits for its window, a way back does not', async t => {
  const windows = [{days: [1], from: 0, to: 60, timezone: 'UTC'}];
  const rules = policy({windows});
  const shut = plan(view(three, {policy: rules, now: 0}));
  t.same(shut.granted, []);
  t.equal(
    shut.ledger.blocked && reasonText(shut.ledger.blocked),
    'the maintenance window is closed until 1970-01-05 00:00 UTC',
  );
  t.equal(shut.lookAt, Date.UTC(1970, 0, 5));
  const frozen = {by: 'ada', note: '', at: null};
  t.equal(
    plan(view(three, {policy: rules, now: 0, freeze: frozen})).lookAt,
    null,
    'a frozen fleet waits for no window',
  );
  const open = plan(view(three, {policy: rules, now: Date.UTC(1970, 0, 5, 0, 30)}));
  t.equal(open.granted.length, 1);
  t.equal(open.lookAt, null);
  const back = {...view([]).ledger, proven: NEW, rollout: rollout({version: '1', release: OLD})};
  t.equal(plan(view(three, {policy: rules, ledger: back, now: 0})).granted.length, 1);
  t.equal(reasonText(reason('permit.window', {opens: ''})), 'no maintenance window opens within a week');
});

t.test('where the policy asks for a message, a rollout without one does not begin', async t => {
  const rules = policy({requireMessage: true});
  t.match(said({policy: rules}), /the policy asks for a message .* snap-22222222 has none/);
  t.equal(
    plan(view(three, {policy: rules, desired: {...asked, message: 'the new basket'}})).granted.length,
    1,
  );
  const back = {...view([]).ledger, proven: NEW, rollout: rollout({version: '1', release: OLD})};
  t.equal(plan(view(three, {policy: rules, ledger: back})).granted.length, 1, 'a way back needs none');
});

t.test('a host that is forced is not waited for', async t => {
  const dead = [waiting('a'), waiting('b'), host('c', {serving: false, phase: 'held'})];
  const rules = policy({floor: {count: 2}});
  const none = plan(view(dead, {policy: rules}));
  t.match(none.ledger, {permits: [], blocked: {kind: 'permit.floor'}});
  const forced = {...asked, force: ['c', 'z']};
  const [first] = plan(view(dead, {policy: policy({floor: {percent: 50}}), desired: forced})).granted;
  t.ok(first, 'the floor of two is one');
  const gone = view([waiting('a'), waiting('b')], {desired: forced, missing: [unseen('z')]});
  t.equal(plan(gone).granted.length, 1);
  t.equal(plan({...gone, desired: asked}).granted.length, 0);
  const half = policy({budget: {percent: 50}, floor: {count: 0}, concurrency: {count: 9}});
  const failures = [{host: 'a', fence: 1, cause: null}];
  const idle = [...dead, host('z', {serving: false})];
  const spent = {...view([]).ledger, rollout: rollout(), failures};
  t.match(
    plan(view(idle, {policy: half, desired: forced, ledger: spent})).ledger.blocked,
    {kind: 'permit.halted', details: {budget: 1}},
    'a share of those that count',
  );
  const permit = {host: 'z', fence: 1, release: NEW, version: '2', since: 0};
  const held = {...view([]).ledger, fence: 1, rollout: rollout(), permits: [permit]};
  t.equal(plan({...gone, ledger: held}).granted.length, 1, 'its permit keeps nobody in');
  const served = [host('a', {active: NEW}), host('b', {active: NEW}), ...dead.slice(2)];
  const over = plan(view(served, {desired: forced, missing: [unseen('z')], ledger: held})).ledger;
  t.match(over, {proven: NEW, previous: OLD, blocked: null});
  t.equal(plan(view(served, {missing: [], ledger: {...held, permits: []}})).ledger.proven, OLD, 'others are');
});
