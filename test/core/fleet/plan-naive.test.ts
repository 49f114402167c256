/** The planner that counts once against the one that counts for each host anew. */
import {deepStrictEqual} from 'node:assert';
import fc from 'fast-check';
import t from 'tap';
import {EMPTY_LEDGER, type Ledger, type Rollout} from '../../../agent/core/fleet/ledger.ts';
import {type FleetView, plan} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus, ReportedOutcome} from '../../../agent/core/host/status.ts';
import type {Policy, Wave} from '../../../agent/core/policy/policy.ts';
import type {Window} from '../../../agent/core/policy/window.ts';
import {reason} from '../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, rollout, unseen, view} from './fleet.ts';
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
  cause: fc.constantFrom(
    reason('disk.full', {path: '/', cause: 'no room'}),
    reason('gate.failed', {probe: 'http', seconds: 1, last: 'no'}),
    null,
  ),
});

const status: fc.Arbitrary<HostStatus> = fc
  .record({
    instance: name,
    serving: fc.boolean(),
    seen: fc.constantFrom({}, {}, {visible: false}, {visible: true}),
    isCanary: fc.constantFrom({}, {}, {}, {canary: true}, {canary: false}),
    zone: fc.constantFrom('a', 'b', 'c'),
    active: release,
    wants: fc.option(fc.record({release, version}), {freq: 4}),
    permit: fc.option(fence, {freq: 1}),
    outcome: fc.option(reported, {freq: 1}),
    reason: fc.option(fc.constant(reason('health.failed', {probe: 'http', last: 'no'}))),
  })
  .map(({instance, seen, isCanary, ...over}) => host(instance, {...over, ...seen, ...isCanary}));

const hosts = fc.uniqueArray(status, {selector: ({instance}) => instance, maxLength: 12});
const permits = fc
  .uniqueArray(fc.record({host: name, fence, release, version, since: fc.constant(0)}), {
    selector: each => each.host,
    maxLength: 5,
  })
  .map(all => all.filter((each, n) => all.findIndex(other => other.fence === each.fence) === n));
const failures = fc.uniqueArray(fc.record({host: name, fence, cause: reported.map(({cause}) => cause)}), {
  selector: each => each.fence,
  maxLength: 3,
});
const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 0};
const ledger: fc.Arbitrary<Ledger> = fc.record({
  ...{format: fc.constant(1 as const), blocked: fc.constant(null)},
  denied: fc.constantFrom([], [], [], [NEW]),
  provenBefore: fc.constantFrom([], [], [NEW], [OLD]),
  fence: fc.integer({min: 9, max: 12}),
  rollout: fc.option(
    fc
      .record({
        ...{release, version},
        number: fc.integer({min: 1, max: 3}),
        way: fc.constantFrom('forward', 'forward', 'forward', 'back'),
        wave: fc.integer({min: 0, max: 3}),
        bakes: fc.constantFrom(null, null, 1, 99_980),
        unwell: fc.constantFrom(null, null, 0, 70_000),
        revert: fc.constantFrom(null, null, null, revert),
      })
      .map(over => rollout(over as Partial<Rollout>)),
    {freq: 5},
  ),
  proven: fc.option(release),
  previous: fc.option(release),
  permits,
  failures,
});
const amount = fc.oneof(
  fc.integer({min: 0, max: 12}).map(count => ({count})),
  fc.integer({min: 0, max: 100}).map(percent => ({percent})),
);
const policies = fc
  .record({
    concurrency: amount,
    floor: amount,
    budget: fc.oneof(
      fc.integer({min: 1, max: 3}).map(count => ({count})),
      fc.constantFrom({percent: 0}, {percent: 30}),
    ),
    zones: fc.record({floor: fc.option(amount, {freq: 1}), inTurn: fc.constantFrom(false, false, true)}),
    waves: fc.constantFrom<Wave[]>(
      [],
      [],
      ['canary', {percent: 30}, {percent: 100}],
      [{count: 2}],
      ['canary'],
    ),
    bakeMs: fc.constantFrom(0, 20, 60),
    onFailure: fc.constantFrom('halt', 'revert'),
    windows: fc.constantFrom<Window[]>([], [], [], [{days: [5], from: 0, to: 60, timezone: 'UTC'}]),
    requireMessage: fc.constantFrom(false, false, false, true),
  })
  .map(over => policy(over as Partial<Policy>));
const views: fc.Arbitrary<FleetView> = fc
  .record({
    ledger: fc.oneof(ledger, fc.constant(EMPTY_LEDGER)),
    hosts,
    missing: fc.array(
      fc.record({
        n: fc.integer({min: 20, max: 23}),
        rollout: version,
        where: fc.constantFrom({}, {zone: 'a'}, {zone: 'b'}),
      }),
      {maxLength: 2},
    ),
    gone: fc.array(name, {maxLength: 2}).map(names => new Set(names)),
    policy: policies,
    more: fc.record({
      share: fc.constantFrom({}, {}, {}, {share: {percent: 10}}, {share: {count: 3}}),
      force: fc.constantFrom({}, {}, {}, {force: ['i-3', 'i-20', 'i-7']}),
      said: fc.constantFrom({}, {by: 'ada'}, {by: 'bob', message: 'why'}),
    }),
    freeze: fc.constantFrom(null, null, null, null, null, {by: 'ada', note: '', at: null}),
    lock: fc.constantFrom(null, null, null, {by: 'ada', why: '', at: null}),
    unreadable: fc.constantFrom(null, null, null, reason('permit.waiting', {})),
    isAsked: fc.boolean(),
  })
  .map(({hosts: all, missing, isAsked, more, ...over}) => {
    const asked = {release: {kind: 'ebs', snapshot: NEW}, version: '2'} as const;
    return view(all, {
      ...over,
      now: 100_000,
      missing: missing.map(({n, where, rollout: seen}) => unseen(`i-${n}`, {...where, rollout: seen})),
      desired: isAsked ? {...asked, ...more.share, ...more.force, ...more.said} : null,
    });
  });

// the text of a cause is none of the arithmetic
const withoutCause = (ledger: Omit<Ledger, 'blocked'>) => ({
  ...ledger,
  rollout: ledger.rollout && {
    ...ledger.rollout,
    revert: ledger.rollout.revert && {...ledger.rollout.revert, cause: null},
  },
});

t.test('counting once decides as counting for each host anew does', async t => {
  let grants = 0;
  fc.assert(
    fc.property(views, given => {
      const {ledger: naive, granted} = naivePlan(given);
      const {ledger: next, granted: really} = plan(given);
      const {blocked, ...rest} = next;
      deepStrictEqual({...withoutCause(rest), granted: really}, {...withoutCause(naive), granted});
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
    {numRuns: 6_000},
  );
  t.ok(grants > 300, `${grants} grants compared`);
});
