import t from 'tap';
import {releaseId} from '../../../agent/core/release.ts';
import {end, servingOne} from './serving.ts';
import {ask, createWorld, happen, servedBy, settleWorld, snap} from './world.ts';

t.test('a fresh host boots the desired release without permit or drain', async t => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  settleWorld(world);
  t.same(world.visited, ['booting', 'staging', 'activating', 'gating', 'rejoining', 'serving']);
  end(t, world, 1);
});

t.test('a new host boots the proven release and then queues for the desired one', async t => {
  const world = createWorld({asked: {release: snap(2), version: '2'}, proven: snap(1), grants: false});
  settleWorld(world);
  t.equal(servedBy(world), releaseId(snap(1)));
  t.equal(world.state.phase, 'waiting');
});

t.test('an update visits every phase in order', async t => {
  const world = servingOne();
  ask(world, snap(2), '2');
  settleWorld(world);
  t.same(world.visited, [
    'staging',
    'waiting',
    'draining',
    'activating',
    'gating',
    'rejoining',
    'baking',
    'serving',
  ]);
  t.equal(world.state.outcome?.result, 'done');
  end(t, world, 2);
});

t.test('a release that fails its gate is taken back, and not tried again for the same version', async t => {
  const world = servingOne();
  world.broken.add(releaseId(snap(2)));
  ask(world, snap(2), '2');
  settleWorld(world);
  t.same(world.visited.slice(-6), ['gating', 'rolling-back', 'activating', 'gating', 'rejoining', 'serving']);
  t.equal(world.state.outcome?.result, 'rolled-back');
  end(t, world, 1);
  ask(world, snap(2), '2');
  settleWorld(world);
  t.equal(world.state.phase, 'serving');
  t.equal(world.state.rejected?.cause.kind, 'gate.failed');
  ask(world, snap(3), '3');
  settleWorld(world);
  end(t, world, 3);
});

t.test('a release that fails while baking is drained before it is taken back', async t => {
  const world = servingOne();
  world.faults.set('bake.watch', ['error']);
  ask(world, snap(2), '2');
  settleWorld(world);
  t.same(world.visited.slice(-7), [
    'baking',
    'rolling-back',
    'draining',
    'activating',
    'gating',
    'rejoining',
    'serving',
  ]);
  end(t, world, 1);
});

t.test('a host that is held in traffic, as nothing could be staged, drains before it boots', async t => {
  const world = servingOne();
  world.faults.set('bake.watch', ['error']);
  ask(world, snap(2), '2');
  settleWorld(world, {until: 'baking'});
  world.faults.set('release.stage', ['error', 'error', 'error']);
  settleWorld(world);
  t.match(world.state, {phase: 'held', strange: true});
  settleWorld(world, {heldToo: true});
  t.equal(world.state.phase, 'serving');
});

t.test(
  'a host whose rollback fails too is held out of traffic, and comes back when something works again',
  async t => {
    const world = servingOne();
    world.broken = new Set([releaseId(snap(1)), releaseId(snap(2))]);
    ask(world, snap(2), '2');
    settleWorld(world);
    t.equal(world.state.phase, 'held');
    t.equal(world.state.outcome?.result, 'stuck');
    t.not(world.state.permit, null, 'the permit stays out');
    world.broken.clear();
    happen(world, {type: 'operator.retried', by: 'anna'} as never);
    settleWorld(world);
    t.equal(world.state.phase, 'serving');
    t.equal(world.state.permit, null);
  },
);

t.test('a held host goes on serving, and follows after it is resumed', async t => {
  const world = servingOne();
  happen(world, {type: 'operator.held', by: 'anna', note: 'looking at it'} as never);
  ask(world, snap(2), '2');
  settleWorld(world);
  t.equal(world.state.phase, 'held');
  end(t, world, 1);
  happen(world, {type: 'operator.resumed', by: 'anna'} as never);
  settleWorld(world);
  end(t, world, 2);
});

t.test('an operator takes the host back to the previous release', async t => {
  const world = servingOne();
  ask(world, snap(2), '2');
  settleWorld(world);
  happen(world, {type: 'operator.rolled-back', by: 'anna'} as never);
  settleWorld(world);
  end(t, world, 1);
  t.equal(world.state.rejected?.cause.kind, 'operator.rollback');
});

t.test('a permit that comes too late goes back unused', async t => {
  const world = servingOne();
  happen(world, {type: 'permit.granted', fence: 9, version: '1', generation: world.state.generation});
  t.match(world.state.outcome, {fence: 9, result: 'unused'});
  t.equal(world.state.phase, 'serving');
});

t.test('a bump while staging drops what was staged', async t => {
  const world = servingOne();
  world.faults.set('release.stage', ['timeout']);
  ask(world, snap(2), '2');
  settleWorld(world, {timers: 0});
  t.equal(world.state.phase, 'staging');
  ask(world, snap(3), '3');
  settleWorld(world);
  end(t, world, 3);
});
