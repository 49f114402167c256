import t from 'tap';
import type {Ledger} from '../../../../agent/core/fleet/ledger.ts';
import {isUnderWay, type Standing, standingOf} from '../../../../agent/core/fleet/operate/standing.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, policy, rollout, unseen, view} from '../fleet.ts';

const BOTH = [host('i-1', {active: NEW}), host('i-2', {active: NEW})];
const HALF = [host('i-1', {active: NEW}), host('i-2')];
const ledger = (over: Partial<Ledger> = {}): Ledger => ({
  ...view([]).ledger,
  proven: OLD,
  rollout: rollout(),
  ...over,
});
const permits = [{host: 'i-2', fence: 1, release: NEW, version: '2', since: 1}];
const cause = reason('gate.failed', {probe: 'http', seconds: 1, last: '500'});
const failures = [{host: 'i-1', fence: 1, cause}];
const revert = {release: OLD, cause, since: 1};
const part = (share: object, more: object = {}) =>
  ({release: {kind: 'ebs', snapshot: NEW}, version: '2', share, ...more}) as unknown as FleetView['desired'];

const ROWS: readonly (readonly [string, FleetView, Standing, boolean])[] = [
  ['nothing asked for', view(HALF, {desired: null}), 'idle', false],
  ['… with somebody out', view(HALF, {desired: null, ledger: ledger({permits})}), 'idle', true],
  ['no rollout yet', view(HALF), 'pending', true],
  ['another version', view(HALF, {ledger: ledger({rollout: rollout({version: '1'})})}), 'pending', true],
  ['half way', view(HALF, {ledger: ledger()}), 'rolling', true],
  ['everywhere, not proven yet', view(BOTH, {ledger: ledger()}), 'rolling', true],
  ['proven', view(BOTH, {ledger: ledger({proven: NEW})}), 'proven', false],
  ['proven, with somebody out', view(BOTH, {ledger: ledger({proven: NEW, permits})}), 'rolling', true],
  ['proven, with a host that is behind', view(HALF, {ledger: ledger({proven: NEW})}), 'rolling', true],
  ['a share', view(HALF, {ledger: ledger(), desired: part({percent: 50})}), 'partial', true],
  ['… not reached', view(HALF, {ledger: ledger(), desired: part({count: 2})}), 'rolling', true],
  [
    '… with somebody out',
    view(HALF, {ledger: ledger({permits}), desired: part({percent: 50})}),
    'rolling',
    true,
  ],
  ['budget spent', view(HALF, {ledger: ledger({failures})}), 'halted', true],
  [
    'budget not spent',
    view(HALF, {ledger: ledger({failures}), policy: policy({budget: {count: 2}})}),
    'rolling',
    true,
  ],
  ['denied', view(HALF, {ledger: ledger({failures, denied: [NEW]})}), 'denied', true],
  ['going back', view(HALF, {ledger: ledger({rollout: rollout({revert})})}), 'reverting', true],
  [
    '… with the last one out',
    view([host('i-2')], {ledger: ledger({permits, rollout: rollout({revert})})}),
    'reverting',
    true,
  ],
  ['back', view([host('i-2')], {ledger: ledger({rollout: rollout({revert})})}), 'reverted', true],
];

t.test('a fleet stands where it stands', async t => {
  for (const [name, seen, standing, underWay] of ROWS) {
    t.equal(standingOf(seen), standing, name);
    t.equal(isUnderWay(seen), underWay, `${name}: under way`);
  }
});

t.test('hosts that are not waited for are in nobody’s way', async t => {
  const desired = {release: {kind: 'ebs', snapshot: NEW}, version: '2', force: ['i-2']} as const;
  t.equal(standingOf(view(HALF, {ledger: ledger({proven: NEW}), desired})), 'proven');
  const three = [...HALF, host('i-3', {serving: false})];
  const without = view(three, {ledger: ledger(), desired: part({percent: 50}, {force: ['i-3']})});
  t.equal(standingOf(without), 'partial', 'half of the two that count');
  const missing = view(HALF, {ledger: ledger(), desired: part({percent: 50}), missing: [unseen('i-9')]});
  t.equal(standingOf(missing), 'rolling', 'half of three are two');
});
