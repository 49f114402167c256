/** What the planner does when releases fail, and when it has forgotten what it did. */
import t from 'tap';
import {EMPTY_LEDGER, type Ledger} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {holders, host, NEW, outcome, policy, rollout, view, waiting} from './fleet.ts';

t.test('a rolled-back host spends the budget, and the rollout halts', async t => {
  const first = plan(view([waiting('a'), waiting('b'), waiting('c')])).ledger;
  const [holder = ''] = holders(first);
  const hosts = [waiting('a'), waiting('b'), waiting('c')].map(each =>
    each.instance === holder ? host(holder, {outcome: outcome(1, 'rolled-back')}) : each,
  );
  const halted = plan(view(hosts, {ledger: first})).ledger;
  t.same(halted.permits, []);
  t.match(halted.blocked, {kind: 'permit.halted', details: {failures: 1, budget: 1, release: NEW}});
  t.same(plan(view(hosts, {ledger: halted})).ledger, halted, 'and stays halted');
  const bumped = plan(
    view(
      hosts.map(each => ({...each, wants: each.wants && {release: NEW, version: '3'}})),
      {ledger: halted, desired: {release: {kind: 'ebs', snapshot: NEW}, version: '3'}},
    ),
  );
  t.equal(bumped.granted.length, 1, 'a new desired version begins anew');
});

t.test('with a budget of two the second failure halts', async t => {
  const ledger: Ledger = {
    ...EMPTY_LEDGER,
    rollout: rollout(),
    failures: [{host: 'z', fence: 0, cause: null}],
  };
  const hosts = [waiting('a'), waiting('b'), waiting('c')];
  t.equal(plan(view(hosts, {ledger, policy: policy({budget: {count: 2}})})).granted.length, 1);
  t.equal(plan(view(hosts, {ledger, policy: policy({budget: {count: 1}})})).granted.length, 0);
});

t.test('a host that is stuck out of traffic keeps its permit and counts as a failure once', async t => {
  const first = plan(
    view([waiting('a'), waiting('b'), waiting('c')], {policy: policy({budget: {count: 5}})}),
  ).ledger;
  const [holder = ''] = holders(first);
  const hosts = [waiting('a'), waiting('b'), waiting('c')].map(each =>
    each.instance === holder
      ? host(holder, {phase: 'held', serving: false, outcome: outcome(1, 'stuck')})
      : each,
  );
  const second = plan(view(hosts, {ledger: first, policy: policy({budget: {count: 5}})})).ledger;
  const third = plan(view(hosts, {ledger: second, policy: policy({budget: {count: 5}})})).ledger;
  t.same(holders(third), [holder]);
  t.equal(third.failures.length, 1);
});

t.test('what hosts hold counts when a restored ledger has forgotten it', async t => {
  const ledger: Ledger = {...EMPTY_LEDGER, fence: 3, rollout: rollout()};
  const out = host('a', {phase: 'gating', serving: false, permit: 9, outcome: outcome(8, 'done')});
  const {ledger: next, granted} = plan(view([out, waiting('b'), waiting('c')], {ledger}));
  t.same(granted, []);
  t.match(next, {fence: 9, permits: [{host: 'a', fence: 9}]});
  const back = host('a', {active: NEW, outcome: outcome(9, 'done')});
  const {granted: later} = plan(view([back, waiting('b'), waiting('c')], {ledger: next}));
  t.match(later, [{fence: 10}], 'and no fence is given twice');
  const stale: Ledger = {...ledger, permits: [{host: 'a', fence: 3, release: NEW, version: '2', since: 0}]};
  t.match(plan(view([out, waiting('b')], {ledger: stale})).ledger.permits, [{host: 'a', fence: 9}]);
  t.same(plan(view([back], {ledger: stale})).ledger.permits, [], 'an outcome of a later fence frees it');
});

t.test('a failure of a later fence, or of no rollout, is not counted for the permit that is out', async t => {
  const out = {host: 'a', fence: 3, release: NEW, version: '2', since: 0};
  const ledger: Ledger = {...EMPTY_LEDGER, fence: 3, rollout: rollout(), permits: [out]};
  for (const result of ['rolled-back', 'stuck'] as const) {
    const later = plan(view([host('a', {outcome: outcome(4, result)})], {ledger})).ledger;
    t.same([later.permits, later.failures], [[], []], result);
  }
  const none = {...ledger, rollout: null};
  const now = plan(view([host('a', {outcome: outcome(3, 'rolled-back')})], {ledger: none, desired: null}));
  t.same([now.ledger.permits, now.ledger.failures], [[], []]);
});
