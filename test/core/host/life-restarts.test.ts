/** The host or only its agent starts again: from its journal, an old one or none. */
import t from 'tap';
import {end, servingOne} from './serving.ts';
import {ask, happen, settleWorld, snap, start} from './world.ts';

t.test('a host whose store is away boots what it served', async t => {
  const world = servingOne();
  world.storeUp = false;
  start(world, false);
  settleWorld(world);
  end(t, world, 1);
});

t.test('an agent that restarts beside a running application touches nothing', async t => {
  const world = servingOne();
  start(world, true);
  settleWorld(world);
  t.same(world.visited, ['serving']);
});

t.test('what a crash left of a clean-up is cleaned up at the next start', async t => {
  for (const [sameBoot, hold] of [
    [true, false],
    [true, true],
    [false, false],
  ] as const) {
    const world = servingOne();
    for (const release of [2, 3]) {
      ask(world, snap(release), String(release));
      settleWorld(world, release === 3 ? {until: 'serving'} : {});
    }
    t.equal(world.slots.size, 3, 'the crash is before the clean-up');
    if (hold) happen(world, {type: 'operator.held', by: 'anna', note: 'looking at it'} as never);
    start(world, sameBoot);
    settleWorld(world);
    t.same([...world.slots], [world.state.previous?.slot, world.state.active?.slot]);
    end(t, world, 3);
  }
});

t.test('an agent that restarts while it stages or waits keeps the slot', async t => {
  for (const phase of ['staging', 'waiting'] as const) {
    const world = servingOne();
    ask(world, snap(2), '2');
    settleWorld(world, {until: phase});
    start(world, true);
    settleWorld(world);
    t.equal(world.state.active?.slot, '2-snap-22222222', phase);
    end(t, world, 2);
  }
});

t.test('an agent that restarts while it drains goes on at once, with the slot that it has', async t => {
  const world = servingOne();
  world.faults.set('traffic.drain', ['crash-after', 'crash-before']);
  ask(world, snap(2), '2');
  settleWorld(world);
  t.same(world.visited.slice(1, 6), ['waiting', 'draining', 'draining', 'draining', 'activating']);
  t.equal(world.state.active?.slot, '2-snap-22222222');
  t.equal(world.state.outcome?.result, 'done');
  end(t, world, 2);
});

t.test('an agent that is killed in every drain gives the release up and returns to traffic', async t => {
  const world = servingOne();
  world.faults.set('traffic.leave', Array(10).fill('crash-after'));
  ask(world, snap(2), '2');
  settleWorld(world);
  t.match(world.state, {outcome: {result: 'unused'}, permit: null, rejected: {retryAt: null}});
  t.ok(world.traffic);
  end(t, world, 1);
});

t.test(
  'what ends the agent alone is not held against a release: only the host that goes down with it is',
  async t => {
    const world = servingOne();
    world.faults.set('release.activate', ['crash-after', 'crash-after', 'crash-after', 'crash-after']);
    world.faults.set('gate.probe', ['reboot', 'reboot', 'crash-after']);
    world.faults.set('bake.watch', ['crash-after', 'crash-after']);
    ask(world, snap(2), '2');
    settleWorld(world);
    t.equal(world.state.outcome?.result, 'done');
    t.equal(world.state.begun, null, 'a success forgets them');
    end(t, world, 2);
  },
);

t.test('a release with which the host goes down three times is left alone', async t => {
  const world = servingOne();
  world.faults.set('bake.watch', ['reboot', 'reboot', 'reboot']);
  ask(world, snap(2), '2');
  settleWorld(world);
  t.match(world.state, {rejected: {retryAt: null}, begun: {count: 3}});
  end(t, world, 1);
});

t.test('an agent that ends in every bake of a release takes it back in the end', async t => {
  const world = servingOne();
  world.faults.set('bake.watch', Array(10).fill('crash-after'));
  ask(world, snap(2), '2');
  settleWorld(world);
  t.match(world.state, {rejected: {retryAt: null}, begun: {restarts: 10}, outcome: {result: 'rolled-back'}});
  end(t, world, 1);
});

t.test('an agent that restarts while a release that it takes back drains, drains it again', async t => {
  const world = servingOne();
  world.faults.set('bake.watch', ['error']);
  ask(world, snap(2), '2');
  settleWorld(world, {until: 'rolling-back'});
  world.faults.set('traffic.leave', ['crash-before']);
  settleWorld(world);
  t.match(world.visited.join(' '), /draining rolling-back draining activating/);
  end(t, world, 1);
});

t.test(
  'a host whose journal is lost lets the application serve until another can take its place',
  async t => {
    const world = servingOne();
    for (const release of [2, 3]) {
      ask(world, snap(release), String(release));
      settleWorld(world);
    }
    world.visited = [];
    world.log = [];
    start(world, true, null);
    settleWorld(world, {until: 'staging'});
    t.ok(world.traffic && world.running);
    settleWorld(world);
    t.same(world.visited, ['booting', 'staging', 'draining', 'activating', 'gating', 'rejoining', 'serving']);
    t.equal(world.state.active?.generation, 4, 'generations go on from the slot that is current');
    t.equal(
      world.log.filter(line => line.includes('slots.prune')).length,
      1,
      'and nothing is removed before',
    );
    end(t, world, 3);
  },
);

t.test('it does not touch that application while it cannot leave traffic', async t => {
  const world = servingOne();
  world.faults.set('traffic.leave', ['error', 'error', 'error', 'timeout']);
  start(world, true, null);
  settleWorld(world);
  t.match(world.state, {phase: 'held', cause: {kind: 'unexpected'}});
  t.ok(world.traffic && world.running);
  settleWorld(world, {heldToo: true});
  end(t, world, 1);
});

t.test('a host whose last journal was damaged may be out of traffic, and returns', async t => {
  const world = servingOne({grants: false});
  ask(world, snap(2), '2');
  settleWorld(world);
  const before = world.state;
  world.traffic = false; // the step that was lost left traffic
  world.visited = [];
  start(world, true, before, true);
  settleWorld(world);
  t.same(world.visited, ['rejoining', 'staging', 'waiting']);
  end(t, world, 1);
});

t.test(
  'a host that goes down while it returns to traffic leaves it again before another release starts',
  async t => {
    const world = servingOne();
    world.faults.set('traffic.rejoin', ['reboot', 'error']);
    world.faults.set('gate.probe', []);
    ask(world, snap(2), '2');
    settleWorld(world, {until: 'rejoining'});
    world.faults.set('gate.probe', ['error']);
    settleWorld(world);
    t.match(world.visited.join(' '), /rejoining rolling-back draining activating/);
  },
);
