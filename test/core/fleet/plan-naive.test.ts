/** The planner that counts once against the one that counts for each host anew. */
import {deepStrictEqual} from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import {EMPTY_LEDGER, type Ledger} from '../../../agent/core/fleet/ledger.ts';
import {type FleetView, plan} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus, ReportedOutcome} from '../../../agent/core/host/status.ts';
import {reason} from '../../../agent/core/reason.ts';
import {host, NEW, OLD, unseen, view} from './fleet.ts';
import {naivePlan} from './naive.ts';

const release = fc.constantFrom(OLD, NEW);
const version = fc.constantFrom('1', '2', '2', '2');
const fence = fc.integer({min: 0, max: 9});
const name = fc.integer({min: 0, max: 14}).map(n => `i-${n}`);
const result = fc.constantFrom<ReportedOutcome['result']>('done', 'rolled-back', 'unused', 'stuck');
const reported = fc.record({
  fence,
  result,
  release,
  version,
  cause: fc.constant(reason('permit.waiting', {})),
});

const status: fc.Arbitrary<HostStatus> = fc
  .record({
    instance: name,
    serving: fc.boolean(),
    seen: fc.constantFrom({}, {}, {visible: false}, {visible: true}),
    active: release,
    wants: fc.option(fc.record({release, version}), {freq: 4}),
    permit: fc.option(fence, {freq: 1}),
    outcome: fc.option(reported, {freq: 1}),
  })
  .map(({instance, seen, ...over}) => host(instance, {...over, ...seen}));

const hosts = fc.uniqueArray(status, {selector: ({instance}) => instance, maxLength: 12});
const permits = fc
  .uniqueArray(fc.record({host: name, fence, release, version, since: fc.constant(0)}), {
    selector: each => each.host,
    maxLength: 5,
  })
  .map(all => all.filter((each, n) => all.findIndex(other => other.fence === each.fence) === n));
const failures = fc.uniqueArray(fc.record({host: name, fence, cause: fc.constant(null)}), {
  selector: each => each.fence,
  maxLength: 2,
});
const ledger: fc.Arbitrary<Ledger> = fc.record({
  ...{format: fc.constant(1 as const), denied: fc.constant([]), blocked: fc.constant(null)},
  fence: fc.integer({min: 9, max: 12}),
  rollout: fc.option(fc.record({release, version}), {freq: 5}),
  proven: fc.option(release),
  previous: fc.constant(null),
  permits,
  failures,
});
const amount = fc.oneof(
  fc.integer({min: 0, max: 12}).map(count => ({count})),
  fc.integer({min: 0, max: 100}).map(percent => ({percent})),
);
const views: fc.Arbitrary<FleetView> = fc
  .record({
    ledger: fc.oneof(ledger, fc.constant(EMPTY_LEDGER)),
    hosts,
    missing: fc.array(fc.record({n: fc.integer({min: 20, max: 23}), rollout: version}), {maxLength: 2}),
    gone: fc.array(name, {maxLength: 2}).map(names => new Set(names)),
    policy: fc.record({concurrency: amount, floor: amount, budget: fc.integer({min: 1, max: 3})}),
    unreadable: fc.constantFrom(null, null, null, reason('permit.waiting', {})),
    isAsked: fc.boolean(),
  })
  .map(({hosts: all, missing, isAsked, ...over}) =>
    view(all, {
      ...over,
      missing: missing.map(each => unseen(`i-${each.n}`, {rollout: each.rollout})),
      ...(!isAsked && {desired: null}),
    }),
  );

t.test('counting once decides as counting for each host anew does', async t => {
  let grants = 0;
  fc.assert(
    fc.property(views, given => {
      const {ledger: naive, granted} = naivePlan(given);
      const {ledger: next, granted: really} = plan(given);
      const {blocked, ...rest} = next;
      deepStrictEqual({...rest, granted: really}, {...naive, granted});
      grants += granted.length;
      const waits = given.hosts.some(
        each =>
          each.wants?.version === rest.rollout?.version &&
          each.wants &&
          rest.permits.every(permit => permit.host !== each.instance),
      );
      if (waits && blocked === null) throw new Error('a host waits and nobody says why');
      return true;
    }),
    {numRuns: 1_500},
  );
  t.ok(grants > 300, `${grants} grants compared`);
});
