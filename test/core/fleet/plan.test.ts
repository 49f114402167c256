import fc from 'fast-check';
import t from 'tap';
import {EMPTY_LEDGER, type Ledger} from '../../../agent/core/fleet/ledger.ts';
import type {Missing} from '../../../agent/core/fleet/members.ts';
import {inOrder} from '../../../agent/core/fleet/order.ts';
import {type FleetView, plan} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus, ReportedOutcome} from '../../../agent/core/host/status.ts';
import {DEFAULT_POLICY, type Policy} from '../../../agent/core/policy.ts';
import {reason} from '../../../agent/core/reason.ts';

const OLD = 'snap-11111111';
const NEW = 'snap-22222222';

const host = (instance: string, over: Partial<HostStatus> = {}): HostStatus => ({
  format: 1,
  instance,
  zone: 'a',
  role: 'web',
  phase: 'serving',
  serving: true,
  active: OLD,
  previous: null,
  wants: null,
  permit: null,
  outcome: null,
  reason: null,
  since: 0,
  agent: '0',
  ...over,
});

const waiting = (instance: string, over: Partial<HostStatus> = {}): HostStatus =>
  host(instance, {phase: 'waiting', wants: {release: NEW, version: '2'}, ...over});

const outcome = (fence: number, result: ReportedOutcome['result']): ReportedOutcome => ({
  fence,
  result,
  release: NEW,
  version: '2',
  cause: null,
});

const view = (hosts: readonly HostStatus[], over: Partial<FleetView> = {}): FleetView => ({
  ledger: {...EMPTY_LEDGER, proven: OLD},
  hosts,
  desired: {release: {kind: 'ebs', snapshot: NEW}, version: '2'},
  policy: DEFAULT_POLICY,
  missing: [],
  gone: new Set(),
  now: 1,
  ...over,
});

const policy = (over: Partial<Policy>): Policy => ({...DEFAULT_POLICY, ...over});
const holders = ({permits}: Ledger): readonly string[] => permits.map(permit => permit.host);

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

t.test('a host that is not seen any more keeps its permit until it is known to be gone', async t => {
  const first = plan(view([waiting('a'), waiting('b'), waiting('c')])).ledger;
  const [holder] = holders(first);
  const seen = [waiting('a'), waiting('b'), waiting('c')].filter(each => each.instance !== holder);
  t.same(plan(view(seen, {ledger: first})).granted, []);
  const {granted} = plan(view(seen, {ledger: first, gone: new Set([holder ?? ''])}));
  t.equal(granted.length, 1);
});

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

t.test('with a budget of two the second failure halts', async t => {
  const ledger: Ledger = {
    ...EMPTY_LEDGER,
    rollout: {version: '2', release: NEW},
    failures: [{host: 'z', fence: 0, cause: null}],
  };
  const hosts = [waiting('a'), waiting('b'), waiting('c')];
  t.equal(plan(view(hosts, {ledger, policy: policy({budget: 2})})).granted.length, 1);
  t.equal(plan(view(hosts, {ledger, policy: policy({budget: 1})})).granted.length, 0);
});

t.test('a host that is stuck out of traffic keeps its permit and counts as a failure once', async t => {
  const first = plan(view([waiting('a'), waiting('b'), waiting('c')], {policy: policy({budget: 5})})).ledger;
  const [holder = ''] = holders(first);
  const hosts = [waiting('a'), waiting('b'), waiting('c')].map(each =>
    each.instance === holder
      ? host(holder, {phase: 'held', serving: false, outcome: outcome(1, 'stuck')})
      : each,
  );
  const second = plan(view(hosts, {ledger: first, policy: policy({budget: 5})})).ledger;
  const third = plan(view(hosts, {ledger: second, policy: policy({budget: 5})})).ledger;
  t.same(holders(third), [holder]);
  t.equal(third.failures.length, 1);
});

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

t.test('the concurrency limit is a share of the fleet, and at least one', async t => {
  const hosts = Array.from({length: 10}, (_, n) => waiting(`i-${n}`));
  t.equal(plan(view(hosts, {policy: policy({concurrency: {percent: 30}})})).granted.length, 3);
  t.equal(plan(view(hosts, {policy: policy({concurrency: {percent: 0}})})).granted.length, 1);
  t.equal(plan(view(hosts, {policy: policy({concurrency: {count: 4}})})).granted.length, 4);
});

t.test('a release is proven when every host serves it and no permit is out', async t => {
  const done = [host('a', {active: NEW}), host('b', {active: NEW})];
  const {ledger} = plan(view(done));
  t.equal(ledger.proven, NEW);
  t.equal(ledger.previous, OLD);
  t.equal(plan(view([...done, host('c')])).ledger.proven, OLD);
  t.equal(plan(view([...done, host('c', {active: NEW, serving: false})])).ledger.proven, OLD);
});

const unseen = (name: string, over: Partial<Missing> = {}): Missing => ({
  host: name,
  since: 0,
  rollout: '2',
  ec2: 'running',
  ...over,
});

t.test('a release is not proven while a host of its rollout is missing, and says so', async t => {
  const ledger = {...EMPTY_LEDGER, proven: OLD, rollout: {version: '2', release: NEW}};
  const done = [host('a', {active: NEW}), host('b', {active: NEW})];
  const waits = plan(view(done, {ledger, missing: [unseen('c')]})).ledger;
  t.equal(waits.proven, OLD);
  t.match(waits.blocked, {kind: 'rollout.unseen', details: {release: NEW, hosts: 'c (EC2: running)'}});
  t.equal(plan(view(done, {ledger: waits})).ledger.proven, NEW, 'once it is known to be gone');
  t.equal(plan(view(done, {ledger: waits})).ledger.blocked, null);
  const before = plan(view(done, {ledger, missing: [unseen('c', {rollout: '1'})]})).ledger;
  t.equal(before.proven, NEW, 'one that was missing before the rollout began has no say');
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
    const hosts = [waiting('a', {shown: false}), waiting('b'), waiting('c')];
    const {blocked, permits} = plan(view(hosts)).ledger;
    t.same(permits, []);
    t.match(blocked, {
      kind: 'permit.floor',
      details: {serving: 2, idle: /^a \(its return to traffic is not/},
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

t.test('the holder of a permit that is missing is named as what the rollout waits for', async t => {
  const first = plan(view([waiting('a'), waiting('b'), waiting('c')])).ledger;
  const [holder = ''] = holders(first);
  const seen = [waiting('a'), waiting('b'), waiting('c')].filter(each => each.instance !== holder);
  const {ledger} = plan(view(seen, {ledger: first, missing: [unseen(holder)]}));
  t.match(ledger.blocked, {kind: 'permit.holder-missing', details: {host: holder, ec2: 'running'}});
});

t.test('what hosts hold counts when a restored ledger has forgotten it', async t => {
  const ledger: Ledger = {...EMPTY_LEDGER, fence: 3, rollout: {version: '2', release: NEW}};
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

t.test('a host that wants the release of an older version waits', async t => {
  t.same(plan(view([waiting('a', {wants: {release: OLD, version: '1'}})])).granted, []);
});

t.test('the order does not depend on how hosts are listed, and does not follow their names', async t => {
  const hosts = Array.from({length: 50}, (_, n) => host(`i-${String(n).padStart(4, '0')}`));
  const names = inOrder(hosts).map(each => each.instance);
  t.same(
    inOrder(hosts.toReversed()).map(each => each.instance),
    names,
  );
  t.notSame(names, names.toSorted());
});

const fleet = fc.uniqueArray(
  fc.record({
    instance: fc.integer({min: 0, max: 30}).map(n => `i-${n}`),
    serving: fc.boolean(),
    waits: fc.boolean(),
    result: fc.option(fc.constantFrom<ReportedOutcome['result']>('done', 'rolled-back', 'unused', 'stuck')),
  }),
  {selector: each => each.instance, minLength: 1, maxLength: 20},
);
const amount = fc.oneof(
  fc.integer({min: 0, max: 12}).map(count => ({count})),
  fc.integer({min: 0, max: 100}).map(percent => ({percent})),
);

t.test(
  'never more out than the limit by a grant, never below the floor by a grant, fences only grow',
  async t => {
    fc.assert(
      fc.property(
        fc.array(fleet, {minLength: 1, maxLength: 12}),
        amount,
        amount,
        fc.integer({min: 1, max: 4}),
        (rounds, concurrency, floor, budget) => {
          const rules = {concurrency, floor, budget};
          let ledger: Ledger = EMPTY_LEDGER;
          for (const round of rounds) {
            const hosts = round.map(({instance, serving, waits, result}) => {
              const permit = ledger.permits.find(each => each.host === instance);
              const said = permit && result ? {outcome: outcome(permit.fence, result)} : {};
              return waits ? waiting(instance, {serving, ...said}) : host(instance, {serving, ...said});
            });
            const next = plan(view(hosts, {ledger, policy: rules}));
            checkGrants(ledger, next.ledger, hosts, rules);
            ledger = next.ledger;
          }
        },
      ),
      {numRuns: 3000},
    );
    t.pass('3000 fleets');
  },
);

const checkGrants = (before: Ledger, after: Ledger, hosts: readonly HostStatus[], rules: Policy): void => {
  const granted = after.permits.filter(permit => permit.fence > before.fence);
  if (after.fence < before.fence) throw new Error('the fence went back');
  if (new Set(after.permits.map(permit => permit.host)).size !== after.permits.length)
    throw new Error('two permits for one host');
  if (granted.length === 0) return;
  const size = new Set([...hosts.map(each => each.instance), ...holders(after)]).size;
  const limit = Math.max(
    1,
    'count' in rules.concurrency
      ? rules.concurrency.count
      : Math.floor((size * rules.concurrency.percent) / 100),
  );
  if (after.permits.length > limit) throw new Error(`${after.permits.length} out, ${limit} allowed`);
  const least = Math.min(
    size - 1,
    'count' in rules.floor ? rules.floor.count : Math.ceil((size * rules.floor.percent) / 100),
  );
  const stay = hosts.filter(each => each.serving && !holders(after).includes(each.instance)).length;
  const took = granted.some(permit => hosts.find(each => each.instance === permit.host)?.serving);
  if (took && stay < least) throw new Error(`${stay} serve, ${least} must`);
  if (after.failures.length >= rules.budget) throw new Error('a permit after the budget was spent');
};

t.test('a ledger and a status of tomorrow or of nobody are refused with what is wrong', async t => {
  const {readLedger} = await import('../../../agent/core/fleet/ledger.ts');
  const {readStatus} = await import('../../../agent/core/host/status.ts');
  t.ok(readLedger(null).ok);
  t.ok(readLedger(JSON.stringify({...EMPTY_LEDGER, blocked: reason('permit.waiting', {})})).ok);
  for (const text of ['', '{}', '[]', 'null', '{"format":2}', JSON.stringify({...EMPTY_LEDGER, fence: -1})]) {
    const reading = readLedger(text);
    t.match(reading, {ok: false, cause: {kind: 'store.document', details: {key: 'ledger'}}}, text);
  }
  t.ok(readStatus('hosts/a', JSON.stringify(host('a'))).ok);
  t.notOk(readStatus('hosts/a', JSON.stringify({...host('a'), phase: 'flying'})).ok);
});
