/** What hosts say of their permits to a ledger that knows less. */
import t from 'tap';
import {EMPTY_LEDGER, type Ledger, type Permit} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {recall} from '../../../agent/core/fleet/recall.ts';
import {host, NEW, OLD, outcome, rollout, view, waiting} from './fleet.ts';

const permit = (name: string, fence: number): Permit => ({
  host: name,
  fence,
  release: NEW,
  version: '2',
  since: 5,
});
const ledger: Ledger = {
  ...EMPTY_LEDGER,
  fence: 3,
  rollout: rollout(),
  permits: [permit('a', 2), permit('b', 3)],
};
const recalled = (hosts: Parameters<typeof recall>[1]['hosts'], over: Partial<Ledger> = {}) =>
  recall({...ledger, ...over}, {hosts, now: 9});

t.test('a ledger that knows all stays as it is: it is not written again', async t => {
  const hosts = [host('a', {permit: 2}), host('b', {permit: 3}), host('c')];
  t.strictSame(recalled(hosts), ledger);
  t.strictSame(recalled([host('a', {permit: 1}), host('c', {outcome: outcome(1, 'done')})]), ledger);
});

t.test('a permit that the ledger does not know of is out since now, and the others stay', async t => {
  const claim = {host: 'c', fence: 1, release: NEW, version: '2', since: 9};
  t.strictSame(recalled([host('c', {permit: 1})]), {...ledger, permits: [...ledger.permits, claim]});
  const other = waiting('c', {permit: 1, wants: {release: OLD, version: '1'}});
  t.strictSame(recalled([other]).permits, [...ledger.permits, {...claim, release: OLD, version: '1'}]);
});

t.test('a later permit of the same host takes the place of the one in the ledger', async t => {
  t.strictSame(recalled([host('a', {permit: 7})]), {
    ...ledger,
    fence: 7,
    permits: [permit('b', 3), {...permit('a', 7), since: 9}],
  });
  t.strictSame(recalled([host('a', {permit: 1})]), ledger, 'an earlier one does not');
});

t.test('a permit whose end its host has told is not out, unless the host is stuck', async t => {
  const told = (fence: number, result: Parameters<typeof outcome>[1]) =>
    recalled([host('c', {permit: 3, outcome: outcome(fence, result)})]).permits.length;
  t.equal(told(2, 'done'), 3);
  t.equal(told(3, 'done'), 2);
  t.equal(told(4, 'rolled-back'), 2);
  t.equal(told(3, 'unused'), 2);
  t.equal(told(3, 'stuck'), 3);
});

t.test('no fence is given twice, whoever remembers the last one', async t => {
  t.strictSame(recalled([host('c', {outcome: outcome(8, 'done')})]), {...ledger, fence: 8});
  t.equal(recalled([host('c', {permit: 6, outcome: outcome(8, 'done')})]).fence, 8);
  t.equal(recalled([host('c', {permit: 9, outcome: outcome(8, 'done')}), host('d')]).fence, 9);
});

t.test('before there is a rollout nothing is claimed, but fences count', async t => {
  const none = recalled([host('c', {permit: 6})], {rollout: null});
  t.strictSame(none, {...ledger, rollout: null, fence: 6});
});

t.test('a fence that the coordinator has seen is remembered for a ledger that was restored', async t => {
  const restored = {fence: 5, until: 10};
  t.strictSame(recall(ledger, {hosts: [], restored, now: 9}), {...ledger, fence: 5});
  t.strictSame(recall(ledger, {hosts: [], restored: {fence: 3}, now: 9}), ledger);
  t.equal(recall(ledger, {hosts: [host('c', {permit: 6})], restored, now: 9}).fence, 6);
});

t.test('nobody gets a permit from a restored ledger until its hosts have told it what it forgot', async t => {
  const at = (now: number) => plan(view([waiting('a'), host('b')], {restored: {fence: 5, until: 10}, now}));
  const early = at(9);
  t.strictSame([early.granted, early.ledger.fence, early.lookAt], [[], 5, 10]);
  t.match(early.ledger.blocked, {kind: 'permit.restored', details: {until: 10}});
  t.match(at(10).granted, [{host: 'a', fence: 6}]);
  t.equal(at(10).lookAt, null);
});
