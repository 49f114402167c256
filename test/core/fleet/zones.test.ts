import t from 'tap';
import {inOrder} from '../../../agent/core/fleet/order.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {host, NEW, outcome, policy, unseen, view, waiting} from './fleet.ts';

const six = ['a', 'a', 'b', 'b', 'c', 'c'].map((zone, n) => waiting(`i-${n}`, {zone}));
const zonesOf = (granted: readonly {readonly host: string}[]): string =>
  granted
    .map(({host: name}) => six[Number(name.slice(2))]?.zone ?? '?')
    .toSorted()
    .join('');

t.test('each zone keeps its own floor', async t => {
  const rules = {concurrency: {count: 6}, floor: {count: 0}};
  t.equal(plan(view(six, {policy: policy(rules)})).granted.length, 6, 'without one all may be out');
  const zones = {floor: {percent: 50}, inTurn: false};
  const {granted, ledger} = plan(view(six, {policy: policy({...rules, zones})}));
  t.equal(zonesOf(granted), 'abc');
  t.equal(ledger.blocked?.kind, 'permit.zone-floor');
  t.match(ledger.blocked?.details, {serving: 1, floor: 1});
  t.match(ledger.blocked?.details.idle, /^i-\d \(has a permit\)$/, 'only of that zone');
});

t.test('a zone that may give nobody does not keep the others', async t => {
  const zones = {floor: {count: 2}, inTurn: false};
  const rules = policy({concurrency: {count: 6}, floor: {count: 0}, zones});
  const idle = host('i-9', {zone: 'a', serving: false, phase: 'held'});
  const far = host('i-8', {zone: 'd', serving: false, phase: 'held'});
  const missing = [unseen('y', {zone: 'd'})];
  const hosts = [...six.slice(0, 3), idle, far, ...six.slice(4)];
  const {granted, ledger} = plan(view(hosts, {policy: rules, missing}));
  t.equal(zonesOf(granted), 'bc', 'one of two in c, and the only one of b');
  const {kind, details} = ledger.blocked ?? {};
  t.equal(kind, 'permit.zone-floor');
  const here: Readonly<Record<string, RegExp>> = {a: /^i-9 \(held\)$/, c: /^i-[45] \(has a permit\)$/};
  t.match(details?.idle, here[String(details?.zone)], 'who is idle in that zone');
});

t.test('a host that is not seen counts in the zone where it was', async t => {
  const zones = {floor: {percent: 60}, inTurn: false};
  const rules = policy({concurrency: {count: 6}, floor: {count: 0}, zones});
  const three = [waiting('i-0'), waiting('i-1')];
  t.equal(plan(view(three, {policy: rules})).granted.length, 1);
  const {ledger} = plan(view(three, {policy: rules, missing: [unseen('z', {zone: 'a'})]}));
  t.same(ledger.permits, []);
  t.match(ledger.blocked, {
    kind: 'permit.zone-floor',
    details: {zone: 'a', serving: 2, floor: 2, idle: 'z (not seen any more)'},
  });
  const elsewhere = plan(view(three, {policy: rules, missing: [unseen('z', {zone: 'b'}), unseen('y')]}));
  t.equal(elsewhere.granted.length, 1, 'one of another zone, or of nobody knows which, does not');
});

t.test('a host that does not serve takes nothing from its zone', async t => {
  const zones = {floor: {count: 1}, inTurn: false};
  const rules = policy({concurrency: {count: 6}, floor: {count: 0}, zones});
  const hosts = [waiting('i-0', {serving: false}), waiting('i-1'), waiting('i-2', {visible: false})];
  t.same(
    plan(view(hosts, {policy: rules})).granted.map(({host: name}) => name),
    ['i-0'],
  );
});

t.test('zones go one after the other where the policy says so', async t => {
  const zones = {floor: null, inTurn: true};
  const rules = policy({concurrency: {count: 6}, floor: {count: 0}, zones});
  const first = plan(view(six, {policy: rules}));
  t.equal(zonesOf(first.granted), 'aa');
  const [next] = inOrder(six.filter(({zone}) => zone !== 'a'));
  t.match(first.ledger.blocked, {kind: 'permit.zone-turn', details: {zone: 'a', waits: next?.zone}});
  const half = six.map((each, n) =>
    n === 0 ? host(each.instance, {active: NEW, outcome: outcome(first.ledger.fence, 'done')}) : each,
  );
  const still = plan(view(half.slice(2), {policy: rules, ledger: first.ledger}));
  t.equal(zonesOf(still.granted), 'bb', 'nobody of a is seen any more, who is out or waits');
  const second = plan(view(half, {policy: rules, ledger: first.ledger}));
  t.same(second.granted, [], 'one of a is out yet');
  const other = [...six].toReversed();
  t.equal(zonesOf(plan(view(other, {policy: rules})).granted), 'aa', 'in their own order');
});
