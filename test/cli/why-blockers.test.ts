/** Whatever is in the way of a rollout, `agentctl why` on a host that waits for it names it: from the planner to the words. */
import t from 'tap';
import {whyText} from '../../agent/cli/why-text.ts';
import {EMPTY_LEDGER, type Ledger} from '../../agent/core/fleet/ledger.ts';
import {type FleetView, plan} from '../../agent/core/fleet/plan.ts';
import type {HostStatus} from '../../agent/core/host/status.ts';
import {readPolicy} from '../../agent/core/policy/policy.ts';
import {type Reason, reason} from '../../agent/core/reason.ts';
import {reportOf} from '../../agent/runtime/operator/report.ts';
import {host, NEW, OLD, outcome, policy, rollout, unseen, view, waiting} from '../core/fleet/fleet.ts';
import {servingOne} from '../core/host/serving.ts';
import {ask, happen, settleWorld, snap, type World} from '../core/host/world.ts';
import {someTroubles} from '../support/problems.ts';

const INSTANCE = 'i-waits';
const SELF = {agent: '0', instance: INSTANCE, zone: 'a', app: 'web', channel: 'production', role: 'web'};

/** What `why` prints on a host in this state, in one line. */
const why = (
  {state}: World,
  {ledger = null, lost = null}: {ledger?: Ledger | null; lost?: Reason | null} = {},
) =>
  whyText(
    reportOf({
      ...{self: SELF, state, ledger, unhealthy: null, problems: someTroubles(), now: state.since + 90_000},
      store: {name: 'consul http://127.0.0.1:8500', lost},
    }),
  ).replaceAll(/\s+/g, ' ');

/** A host that waits for its permit while it serves. */
const waits = (): World => {
  const world = servingOne({grants: false});
  ask(world, snap(2), '2');
  settleWorld(world, {until: 'waiting'});
  return world;
};

const peers: readonly HostStatus[] = ['b', 'c', 'd'].map(name => host(name));
const ledger = (over: Partial<Ledger>): Ledger => ({
  ...EMPTY_LEDGER,
  proven: OLD,
  rollout: rollout(),
  ...over,
});
const permit = (name: string, fence = 1) => ({host: name, fence, release: NEW, version: '2', since: 0});
const failed = (name: string, fence: number) => ({
  host: name,
  fence,
  cause: reason('gate.failed', {probe: 'http://127.0.0.1/', seconds: 60, last: '500'}),
});
const rules = (document: object): FleetView['policy'] => {
  const reading = readPolicy(JSON.stringify(document));
  if (!reading.ok) throw new Error(JSON.stringify(reading.cause));
  return reading.policy;
};
const by = {by: 'ada', at: null};

/** The blocker, what the fleet looks like besides the host that waits, and what it is called. */
const BLOCKERS: Readonly<Record<string, readonly [Partial<FleetView>, readonly RegExp[]]>> = {
  'a maintenance window': [
    {policy: rules({windows: [{days: ['mon'], from: '02:00', to: '04:00'}]})},
    [/window is closed until 1970-01-05 02:00/, /nothing has to be done/],
  ],
  'a freeze': [{freeze: {...by, note: 'black friday'}}, [/frozen by ada.*black friday/, /agentctl thaw/]],
  'a lock': [
    {
      ledger: ledger({rollout: rollout({version: '1', release: OLD})}),
      lock: {...by, why: 'audit'},
      desired: {release: snap(2), version: '2', by: 'bob'},
    },
    [/locked by ada \(audit\)/, /agentctl unlock --break/],
  ],
  'a permit of another host': [
    {ledger: ledger({fence: 1, permits: [permit('b')]}), policy: policy({concurrency: {count: 1}})},
    [/1 of 1 permits are out \(b\)/],
  ],
  'a permit of a host that is not seen': [
    {
      ledger: ledger({fence: 1, permits: [permit('x')]}),
      missing: [unseen('x', {ec2: 'stopped'})],
      policy: policy({concurrency: {count: 1}}),
    },
    [/one on x, which is not seen any more/, /EC2 says: stopped/, /agentctl release-permit/],
  ],
  'the capacity floor': [
    {hosts: [...peers, host('e', {serving: false, phase: 'held'})], policy: policy({floor: {percent: 100}})},
    [/4 hosts of at least 4 serve.*not serving: e \(held\)/],
  ],
  "a zone's capacity floor": [
    {
      hosts: [...peers.map(each => ({...each, zone: 'b'})), host('e', {serving: false})],
      policy: policy({zones: {floor: {count: 1}, inTurn: false}, floor: {count: 0}}),
    },
    [/1 host of at least 1 serve in a.*not serving: e/],
  ],
  'the turn of another zone': [
    {
      hosts: [waiting('b', {zone: '0'}), ...peers],
      ledger: ledger({fence: 1, permits: [permit('b')]}),
      policy: policy({zones: {floor: null, inTurn: true}, concurrency: {percent: 100}}),
    },
    [/it is the turn of 0/],
  ],
  'a wave that is watched': [
    {
      hosts: [host('b', {canary: true, active: NEW}), ...peers.slice(1)],
      policy: policy({waves: ['canary'], bakeMs: 600_000}),
      ledger: ledger({rollout: rollout({bakes: 1})}),
    },
    [/wave 1 of 1 \(canary\) is watched until 1970-01-01 00:10 UTC/],
  ],
  'a wave that is under way': [
    {
      hosts: [waiting('b', {canary: true}), ...peers],
      ledger: ledger({fence: 1, permits: [permit('b')]}),
      policy: policy({waves: ['canary'], concurrency: {percent: 100}}),
    },
    [/wave 1 of 1 \(canary\) is under way: 1 of 1 host have begun it/],
  ],
  'a budget that is spent': [
    {ledger: ledger({fence: 1, failures: [failed('b', 1)]})},
    [/halted: it failed on 1 host and the failure budget is 1/, /agentctl deploy/],
  ],
  'a release that is denied': [
    {ledger: ledger({denied: [NEW]})},
    [/snap-22222222 is denied.*agentctl allow/],
  ],
  'a fleet that goes back': [
    {
      hosts: [host('b', {active: NEW}), ...peers.slice(1)],
      ledger: ledger({
        fence: 1,
        failures: [failed('b', 1)],
        rollout: rollout({revert: {release: OLD, cause: reason('permit.waiting', {}), since: 1}}),
      }),
    },
    [/the rollout of snap-22222222 failed, and the fleet goes back to snap-11111111/],
  ],
  'a share of the fleet': [
    {
      hosts: [host('b', {active: NEW, outcome: outcome(1, 'done')}), ...peers.slice(1)],
      desired: {release: snap(2), version: '2', share: {percent: 25}},
    },
    [/only 25% of the fleet is asked for: 1 of 1 host have it.*agentctl promote/],
  ],
  'a message that the policy asks for': [
    {policy: policy({requireMessage: true})},
    [/asks for a message.*agentctl deploy --message/],
  ],
  'a policy that cannot be read': [
    {unreadable: reason('store.document', {key: 'policy', expected: 'an amount', got: '"lots"'})},
    [/the document policy is not readable: expected an amount, got "lots"/],
  ],
  'a store that was restored': [
    {restored: {fence: 0, until: 120_000}},
    [/restored from an older snapshot.*nobody gets a permit until 1970-01-01 00:02 UTC/],
  ],
};

for (const [name, [over, said]] of Object.entries(BLOCKERS))
  t.test(name, async t => {
    const hosts = [...(over.hosts ?? peers), waiting(INSTANCE)];
    const next = plan(view(hosts, {...over, hosts}));
    t.notOk(
      next.granted.some(({host}) => host === INSTANCE),
      'it gets no permit',
    );
    const world = waits();
    const text = why(world, {ledger: next.ledger});
    t.match(text, /It should run snap-22222222/);
    for (const each of said) t.match(text, each);
    if (next.ledger.blocked) {
      happen(world, {type: 'permit.blocked', generation: world.state.generation, cause: next.ledger.blocked});
      t.match(why(world), said[0], 'also when the ledger cannot be read now');
    }
  });

t.test('without any of them it gets its permit', async t => {
  t.match(plan(view([...peers, waiting(INSTANCE)])).granted, [{host: INSTANCE}]);
});

t.test('a hold', async t => {
  const world = waits();
  happen(world, {type: 'operator.held', by: 'ada', note: 'looking at a leak'} as never);
  settleWorld(world);
  t.match(why(world), /held by ada.*looking at a leak/);
  t.match(why(world), /agentctl resume/);
});

t.test('staging', async t => {
  const world = servingOne();
  ask(world, snap(2), '2');
  settleWorld(world, {until: 'staging'});
  t.match(why(world), /Now: staging snap-22222222 while serving snap-11111111, for 1 m 30 s\./);
});

t.test('a store that does not answer', async t => {
  const lost = reason('store.unreachable', {
    store: 'consul http://127.0.0.1:8500',
    cause: 'connection refused',
  });
  const text = why(waits(), {lost});
  t.match(
    text,
    /The store consul http:\/\/127\.0\.0\.1:8500 does not answer: connection refused\. What runs here goes on running\./,
  );
});
