import t from 'tap';
import {toTurn} from '../../../../agent/core/fleet/failure/revert.ts';
import {verdictOf} from '../../../../agent/core/fleet/failure/verdict.ts';
import type {Failure, Ledger} from '../../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../../agent/core/fleet/plan.ts';
import type {HostStatus} from '../../../../agent/core/host/status.ts';
import {reason, reasonText} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, rollout, view, waiting} from '../fleet.ts';

const GATE = reason('gate.failed', {probe: 'http', seconds: 5, last: 'HTTP 500'});
const DISK = reason('disk.full', {path: '/', cause: 'no room'});
const failure = (name: string, fence: number, cause: Failure['cause'] = GATE): Failure => ({
  host: name,
  fence,
  cause,
});
const failed = (failures: readonly Failure[], over: Partial<Ledger> = {}): Ledger => ({
  ...view([]).ledger,
  ...{fence: 9, rollout: rollout(), failures, ...over},
});
const fleet = [waiting('c'), host('d'), host('e')];

t.test('failures tell what is bad: the release, a host, or what they stand on', async t => {
  t.equal(verdictOf([]), null);
  t.equal(verdictOf([failure('a', 1), failure('b', 2)]), 'release');
  t.equal(verdictOf([failure('a', 1), failure('a', 2)]), 'host', 'the same host again');
  t.equal(verdictOf([failure('a', 1), failure('b', 2, DISK)]), 'host');
  t.equal(verdictOf([failure('a', 1, DISK), failure('b', 2, null)]), 'infrastructure');
  for (const kind of [
    'bake.failed',
    'script.failed',
    'unit.failed',
    'release.begun-too-often',
    'activate.timeout',
    'health.failed',
    'script.missing',
    'script.timeout',
  ] as const)
    t.equal(verdictOf([failure('a', 1, {...GATE, kind}), failure('b', 2)]), 'release', kind);
});

t.test('only a bad release is denied, when its budget is spent', async t => {
  const two = [failure('a', 1), failure('b', 2)];
  const denied = (ledger: Ledger, count = 2) =>
    plan(view(fleet, {ledger, policy: policy({budget: {count}})})).ledger.denied;
  t.same(denied(failed(two)), [NEW]);
  t.same(denied(failed(two), 3), [], 'the budget is not spent');
  t.same(denied(failed([failure('a', 1), failure('a', 2)]), 1), [], 'one host');
  t.same(denied(failed([failure('a', 1, DISK), failure('b', 2, DISK)])), [], 'an outage');
  t.same(denied(failed(two, {proven: NEW})), [], 'it is proven');
  t.same(denied(failed(two, {provenBefore: ['x', NEW]})), [], 'it was once');
  t.same(denied(failed(two, {denied: [NEW]})), [NEW], 'only once');
  t.same(denied(failed(two, {rollout: null})), []);
  const many = Array.from({length: 50}, (_, n) => `snap-${n}`);
  t.same(denied(failed(two, {denied: many})), [...many.slice(1), NEW], 'the last fifty');
});

t.test('a denied release does not go on, in this rollout or the next', async t => {
  const {granted, ledger} = plan(view(fleet, {ledger: failed([], {denied: [NEW], rollout: null})}));
  t.same(granted, []);
  t.match(ledger.blocked, {kind: 'permit.denied', details: {release: NEW}});
  t.match(ledger.rollout, {version: '2', way: 'forward'});
});

t.test('a host that fails again is one host, and a share of a fleet can be a budget', async t => {
  const rules = policy({budget: {percent: 50}, concurrency: {count: 9}, floor: {count: 0}});
  const six = ['c', 'd', 'e', 'f', 'g', 'h'].map(name => waiting(name));
  const thrice = failed([failure('a', 1), failure('a', 2), failure('a', 3)]);
  t.equal(plan(view(six, {policy: rules, ledger: thrice})).granted.length, 6);
  const three = failed([failure('a', 1), failure('b', 2, DISK), failure('z', 3, DISK)]);
  const halted = plan(view(six, {policy: rules, ledger: three})).ledger;
  t.match(halted.blocked, {kind: 'permit.halted', details: {failures: 3, budget: 3, verdict: 'host'}});
  t.match(
    halted.blocked && reasonText(halted.blocked),
    /nothing says yet that it is the release: look at the host/,
  );
  const none = policy({budget: {percent: 0}});
  t.equal(plan(view(fleet, {policy: none})).granted.length, 1, 'at least one');
  t.equal(plan(view(fleet, {policy: none, ledger: failed([failure('a', 1)])})).granted.length, 0);
  const outage = plan(view(fleet, {ledger: failed([failure('a', 1, DISK)])})).ledger.blocked;
  t.match(
    outage && reasonText(outage),
    /the application had not been started: look at disks, network and EC2/,
  );
});

const RULES = policy({onFailure: 'revert', concurrency: {count: 1}, waves: [{count: 1}], bakeMs: 60_000});
const goesBack = (instance: string, over: Partial<HostStatus> = {}): HostStatus =>
  waiting(instance, {active: NEW, wants: {release: OLD, version: '2'}, ...over});

t.test(
  'a fleet that takes itself back does so under the same limits, and the release goes no further',
  async t => {
    const start = view([host('a', {active: NEW}), host('b', {active: NEW}), waiting('c'), host('d')], {
      ...{ledger: failed([failure('e', 1)], {rollout: rollout({bakes: 5})}), policy: RULES, now: 70},
    });
    const {ledger, granted} = plan(start);
    t.same(granted, []);
    t.match(ledger.rollout, {bakes: null, revert: {release: OLD, since: 70}});
    t.equal(
      ledger.rollout?.revert && reasonText(ledger.rollout.revert.cause),
      `${NEW} failed on 1 host and the failure budget is 1; at last: ${reasonText(GATE)}`,
    );
    t.match(ledger.blocked, {kind: 'permit.reverted', details: {release: NEW, to: OLD}});
    t.same(
      toTurn(ledger, start.hosts).map(({instance}) => instance),
      ['a', 'b', 'c'],
      'those that have it and those that prepare it',
    );
    const turned = [goesBack('a'), goesBack('b'), host('c'), host('d')];
    t.same(toTurn(ledger, turned), []);
    const second = plan({...start, hosts: turned, ledger});
    t.equal(second.granted.length, 1);
    t.match(second.granted, [{release: OLD}]);
    t.equal(second.ledger.blocked?.kind, 'permit.concurrency');
    t.match(second.ledger.rollout?.revert, {since: 70}, 'it began once');
    const back = ['a', 'b', 'c', 'd'].map(name => host(name));
    const over = plan({...start, hosts: back, ledger: {...second.ledger, permits: []}}).ledger;
    t.match(over, {proven: OLD, blocked: {kind: 'permit.reverted'}});
    const brave = back.map(each => ({...each, active: NEW}));
    t.equal(plan({...start, hosts: brave, ledger}).ledger.proven, OLD, 'what is taken back is not proven');
    t.same(toTurn({...ledger, rollout: rollout()}, start.hosts), [], 'nothing is taken back');
    t.same(toTurn(ledger, [host('a', {active: NEW, permit: 3})]), [], 'one that is out ends that first');
  },
);

t.test('nothing is taken back without need, or without a release to go back to', async t => {
  const revert = (ledger: Ledger, rules = RULES) =>
    plan(view(fleet, {ledger, policy: rules})).ledger.rollout?.revert ?? null;
  const bad = [failure('a', 1)];
  t.not(revert(failed(bad)), null);
  t.equal(revert(failed(bad), policy({})), null, 'the policy halts');
  t.equal(revert(failed([])), null);
  t.equal(revert(failed(bad, {proven: null})), null);
  t.equal(revert(failed(bad, {proven: NEW})), null);
  t.equal(revert(failed(bad, {rollout: rollout({way: 'back'})})), null, 'a way back');
  const silent = failed([failure('a', 1, null)]);
  t.match(plan(view(fleet, {ledger: silent, policy: RULES})).ledger.rollout?.revert?.cause.details, {
    last: 'no reason given',
  });
});
