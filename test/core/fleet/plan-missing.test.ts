/** What a rollout does about hosts that are not seen any more. */
import t from 'tap';
import {EMPTY_LEDGER, type Ledger} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {notProven} from '../../../agent/core/fleet/proven.ts';
import {reason} from '../../../agent/core/reason.ts';
import {holders, host, NEW, OLD, rollout, unseen, view, waiting} from './fleet.ts';

t.test('a host that is not seen any more keeps its permit until it is known to be gone', async t => {
  const first = plan(view([waiting('a'), waiting('b'), waiting('c')])).ledger;
  const [holder] = holders(first);
  const seen = [waiting('a'), waiting('b'), waiting('c')].filter(each => each.instance !== holder);
  t.same(plan(view(seen, {ledger: first})).granted, []);
  const {granted} = plan(view(seen, {ledger: first, gone: new Set([holder ?? ''])}));
  t.equal(granted.length, 1);
});

t.test('a release is not proven while a host of its rollout is missing, and says so', async t => {
  const ledger = {...EMPTY_LEDGER, proven: OLD, rollout: rollout()};
  const done = [host('a', {active: NEW}), host('b', {active: NEW})];
  const waits = plan(view(done, {ledger, missing: [unseen('c')]})).ledger;
  t.equal(waits.proven, OLD);
  t.match(waits.blocked, {kind: 'rollout.unseen', details: {release: NEW, hosts: 'c (EC2: running)'}});
  t.equal(plan(view(done, {ledger: waits})).ledger.proven, NEW, 'once it is known to be gone');
  t.equal(plan(view(done, {ledger: waits})).ledger.blocked, null);
  const before = plan(view(done, {ledger, missing: [unseen('c', {rollout: '1'})]})).ledger;
  t.equal(before.proven, NEW, 'one that was missing before the rollout began has no say');
});

t.test('the holder of a permit that is missing is named as what the rollout waits for', async t => {
  const first = plan(view([waiting('a'), waiting('b'), waiting('c')])).ledger;
  const [holder = ''] = holders(first);
  const seen = [waiting('a'), waiting('b'), waiting('c')].filter(each => each.instance !== holder);
  const {ledger} = plan(view(seen, {ledger: first, missing: [unseen(holder)]}));
  t.match(ledger.blocked, {kind: 'permit.holder-missing', details: {host: holder, ec2: 'running'}});
});

t.test('a host that keeps the release from being proven is named with its own reason', async t => {
  const ledger = {...EMPTY_LEDGER, proven: OLD, rollout: rollout()};
  const hosts = [
    host('a', {active: NEW}),
    host('b', {phase: 'held', reason: reason('operator.hold', {by: 'ada', note: 'looking at its disk'})}),
    host('c', {phase: 'staging'}),
  ];
  const {ledger: next} = plan(view(hosts, {ledger}));
  t.equal(next.proven, OLD);
  t.match(next.blocked, {
    kind: 'rollout.behind',
    details: {release: NEW, proven: OLD, hosts: 'b (held by ada: looking at its disk)'},
  });
  const moving = plan(view([host('a', {active: NEW}), host('c', {phase: 'staging'})], {ledger})).ledger;
  t.equal(moving.blocked, null, 'a host that is on its way is not in the way');
  const over = plan(view([host('a', {active: NEW})], {ledger: next})).ledger;
  t.match(over, {proven: NEW, blocked: null});
});

t.test('why a release is not proven is told when nobody is on the way, and not once it is', async t => {
  const ledger = {...EMPTY_LEDGER, proven: OLD, rollout: rollout()};
  const kept = host('b', {phase: 'held', reason: reason('operator.hold', {by: 'ada', note: 'disk'})});
  const told = (over: Partial<Ledger>, hosts = [kept]) =>
    notProven({...ledger, ...over}, {hosts, missing: [], forced: new Set()});
  t.match(told({}), {kind: 'rollout.behind', details: {proven: OLD}}, 'a fleet of one');
  t.match(told({proven: null}), {kind: 'rollout.behind', details: {proven: 'nothing'}});
  t.equal(told({proven: NEW}), null);
  const permit = {host: 'a', fence: 1, release: NEW, version: '2', since: 0};
  t.equal(told({permits: [permit]}), null);
  t.equal(told({rollout: null}), null);
  t.equal(told({}, []), null);
  const revert = {release: OLD, cause: reason('permit.waiting', {}), since: 0};
  t.match(
    told({rollout: {...rollout(), revert}}),
    {kind: 'permit.reverted', details: {release: NEW, to: OLD}},
    'nobody is behind in a fleet that went back',
  );
  t.equal(told({}, [host('a', {active: NEW})]), null, 'nobody is away');
});
