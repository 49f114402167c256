import t from 'tap';
import {EMPTY_LEDGER} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {reason} from '../../../agent/core/reason.ts';
import {holders, host, NEW, OLD, outcome, policy, view, waiting} from './fleet.ts';

t.test('three waiting hosts get one permit, and the others are told why not', async t => {
  const {ledger, granted} = plan(view([waiting('a'), waiting('b'), waiting('c')]));
  t.equal(granted.length, 1);
  t.equal(ledger.fence, 1);
  t.equal(ledger.blocked?.kind, 'permit.concurrency');
});

t.test('a permit is free when its host says that it is done, and the next host gets it', async t => {
  const hosts = [waiting('a'), waiting('b'), waiting('c')];
  const first = plan(view(hosts)).ledger;
  const [holder] = holders(first);
  const later = hosts.map(each =>
    each.instance === holder ? host(each.instance, {active: NEW, outcome: outcome(1, 'done')}) : each,
  );
  const second = plan(view(later, {ledger: first})).ledger;
  t.equal(second.fence, 2);
  t.not(holders(second)[0], holder);
  t.same(second.failures, []);
});

t.test('the concurrency limit is a share of the fleet, and at least one', async t => {
  const hosts = Array.from({length: 10}, (_, n) => waiting(`i-${n}`));
  t.equal(plan(view(hosts, {policy: policy({concurrency: {percent: 30}})})).granted.length, 3);
  t.equal(plan(view(hosts, {policy: policy({concurrency: {percent: 0}})})).granted.length, 1);
  t.equal(plan(view(hosts, {policy: policy({concurrency: {count: 4}})})).granted.length, 4);
});

t.test('a host that wants the release of an older version waits', async t => {
  t.same(plan(view([waiting('a', {wants: {release: OLD, version: '1'}})])).granted, []);
});

t.test(
  'a policy that cannot be read grants nobody anything and says so; outcomes are booked all the same',
  async t => {
    const unreadable = reason('store.document', {key: 'policy', expected: 'a JSON object', got: '"x"'});
    const first = plan(view([waiting('a'), waiting('b')])).ledger;
    const hosts = [host('a', {active: NEW, outcome: outcome(1, 'done')}), waiting('b')];
    const {ledger, granted} = plan(view(hosts, {ledger: first, unreadable}));
    t.same(granted, []);
    t.same(ledger.permits, []);
    t.same(ledger.blocked, unreadable);
  },
);

t.test('a release is proven when every host serves it and no permit is out', async t => {
  const done = [host('a', {active: NEW}), host('b', {active: NEW})];
  const {ledger} = plan(view(done));
  t.equal(ledger.proven, NEW);
  t.equal(ledger.previous, OLD);
  t.equal(plan(view([...done, host('c')])).ledger.proven, OLD);
  t.equal(plan(view([...done, host('c', {active: NEW, serving: false})])).ledger.proven, OLD);
});

t.test('a release that was denied while it rolled is not proven, though every host serves it', async t => {
  const done = ['a', 'b'].map(name => host(name, {active: NEW}));
  const {ledger} = plan(view(done, {ledger: {...EMPTY_LEDGER, proven: OLD, denied: [NEW]}}));
  t.equal(ledger.proven, OLD);
  t.match(ledger.blocked, {kind: 'permit.denied'});
});

t.test('the last fifty releases that were proven are known', async t => {
  const before = Array.from({length: 50}, (_, n) => `snap-${n}`);
  const ledger = {...view([]).ledger, provenBefore: before};
  const {provenBefore} = plan(view([host('a', {active: NEW})], {ledger})).ledger;
  t.same(provenBefore, [...before.slice(1), OLD]);
});

t.test('a release is not proven while a permit is out, though every host serves it', async t => {
  const first = plan(view([waiting('a'), host('b', {active: NEW})])).ledger;
  t.same(holders(first), ['a']);
  const baking = [host('a', {phase: 'baking', active: NEW, permit: 1}), host('b', {active: NEW})];
  const second = plan(view(baking, {ledger: first})).ledger;
  t.equal(second.proven, OLD, 'it may still be taken back');
  t.same(holders(second), ['a']);
  const done = [host('a', {active: NEW, outcome: outcome(1, 'done')}), host('b', {active: NEW})];
  t.equal(plan(view(done, {ledger: second})).ledger.proven, NEW);
});

t.test('nothing is proven by a fleet without hosts, nor twice', async t => {
  t.equal(plan(view([])).ledger.proven, OLD);
  const proven = plan(view([host('a', {active: NEW})])).ledger;
  t.same(plan(view([host('a', {active: NEW})], {ledger: proven})).ledger, proven, 'previous stays');
});
