/** How many hosts must go on serving while others are updated. */
import t from 'tap';
import {admission} from '../../../agent/core/fleet/admission.ts';
import {EMPTY_LEDGER} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {holders, host, NEW, outcome, policy, rollout, unseen, view, waiting} from './fleet.ts';

t.test('the capacity floor keeps hosts in', async t => {
  const hosts = [waiting('a'), waiting('b'), host('c', {serving: false})];
  t.match(plan(view(hosts, {policy: policy({floor: {count: 2}})})).ledger.blocked, {
    kind: 'permit.floor',
    details: {serving: 2, floor: 2},
  });
  t.equal(plan(view(hosts, {policy: policy({floor: {count: 1}})})).granted.length, 1);
});

t.test('a fleet of one can be updated whatever the floor says', async t => {
  t.equal(plan(view([waiting('a')], {policy: policy({floor: {percent: 100}})})).granted.length, 1);
});

t.test('a host that does not serve goes first, and is not held back by the floor', async t => {
  const hosts = [waiting('a'), waiting('b'), waiting('c', {serving: false})];
  t.same(holders(plan(view(hosts, {policy: policy({floor: {count: 2}})})).ledger), ['c']);
});

t.test('a missing host counts in the floor as one that does not serve, and is named', async t => {
  const hosts = [waiting('a'), waiting('b')];
  const {blocked} = plan(
    view(hosts, {missing: [unseen('c')], policy: policy({floor: {percent: 66}})}),
  ).ledger;
  t.match(blocked, {kind: 'permit.floor', details: {serving: 2, floor: 2, idle: 'c (not seen any more)'}});
  t.equal(plan(view(hosts, {policy: policy({floor: {percent: 66}})})).granted.length, 1, 'until it is gone');
});

t.test('the floor names those that do not serve and what they do instead', async t => {
  const hosts = [
    waiting('a'),
    waiting('b'),
    host('c', {serving: false}),
    host('d', {serving: false, phase: 'held'}),
  ];
  const {blocked} = plan(view(hosts)).ledger;
  t.match(blocked, {kind: 'permit.floor', details: {idle: 'c (fails its probes), d (held)'}});
  const many = Array.from({length: 9}, (_, n) => host(`i-${n}`, {serving: false, phase: 'staging'}));
  const all = plan(view([waiting('a'), ...many])).ledger;
  t.match(all.blocked?.details.idle, /^(i-\d \(staging\)(, | and )){5}4 more$/);
});

t.test(
  'a host whose return nobody knows of yet is not one that serves, and gets no permit for it either',
  async t => {
    const hosts = [waiting('a', {visible: false}), waiting('b'), waiting('c')];
    const {blocked, permits} = plan(view(hosts)).ledger;
    t.same(permits, []);
    t.match(blocked, {
      kind: 'permit.floor',
      details: {serving: 2, idle: /^a \(nobody sends it requests yet/},
    });
  },
);

t.test('a rollout that can mend a dead host begins with it, below the floor too', async t => {
  const hosts = [waiting('a'), waiting('b'), waiting('c', {serving: false})];
  const first = plan(view(hosts)).ledger;
  t.same(holders(first), ['c']);
  const mended = [waiting('a'), waiting('b'), host('c', {active: NEW, outcome: outcome(1, 'done')})];
  t.equal(plan(view(mended, {ledger: first})).granted.length, 1, 'then the others may go');
});

t.test('those who hold permits are named, where they are why another gets none', async t => {
  const hosts = [waiting('a'), waiting('b'), waiting('c')];
  const permit = {host: 'a', fence: 1, release: NEW, version: '2', since: 0};
  const ledger = {...EMPTY_LEDGER, fence: 1, rollout: rollout(), permits: [permit]};
  const {blocked} = plan(view(hosts, {ledger})).ledger;
  t.match(blocked, {kind: 'permit.concurrency', details: {out: 1, limit: 1, holders: 'a'}});
  const two = policy({concurrency: {count: 2}, floor: {count: 2}});
  const floor = plan(view(hosts, {ledger, policy: two})).ledger.blocked;
  t.match(floor, {kind: 'permit.floor', details: {serving: 2, floor: 2, idle: 'a (has a permit)'}});
});

t.test('a host that wants nothing, and a ledger without a rollout, are no mistake', async t => {
  const failures = [{host: 'z', fence: 1, cause: null}];
  const spent = {ledger: {...EMPTY_LEDGER, failures}, missing: [], policy: policy({budget: {count: 1}})};
  const hosts = [host('a'), host('b'), host('c')];
  const {refusal} = admission({...view(hosts, spent), forced: new Set()});
  t.equal(refusal(host('a')), null);
  t.equal(refusal(waiting('b')), null);
});
