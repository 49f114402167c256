import t, {type Test} from 'tap';
import {releaseId} from '../../../agent/core/release.ts';
import {checkQuiet} from './invariants.ts';
import {ask, createWorld, fire, happen, servedBy, settleWorld, snap, start, type World} from './world.ts';

/** A host that serves release 1 under version 1. */
const servingOne = (over: Partial<World> = {}): World => {
  const world = createWorld({asked: {release: snap(1), version: '1'}, ...over});
  settleWorld(world);
  world.visited = [];
  return world;
};

const end = (t: Test, world: World, release: number): void => {
  checkQuiet(world);
  t.equal(servedBy(world), releaseId(snap(release)));
};

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
  world.faults.set('traffic.leave', ['crash-after', 'crash-after', 'crash-after']);
  ask(world, snap(2), '2');
  settleWorld(world);
  t.match(world.state, {outcome: {result: 'unused'}, permit: null, rejected: {retryAt: null}});
  t.ok(world.traffic);
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

const DAY_MS = 86_400_000;

/** A host that could not leave traffic, so that it leaves the release alone for two minutes. */
const paused = (): World => {
  const world = servingOne();
  world.faults.set('traffic.leave', ['error', 'error', 'error']);
  ask(world, snap(2), '2');
  settleWorld(world);
  world.visited = [];
  return world;
};

t.test('a clock that jumps a day ends no pause early, and makes none longer', async t => {
  for (const jump of [DAY_MS, -DAY_MS]) {
    const world = paused();
    world.now += jump;
    ask(world, snap(2), '2');
    settleWorld(world);
    t.same(world.visited, [], 'it is still left alone');
    t.ok(
      world.timer && world.timer.afterMs <= 120_000,
      `and its timer is as it was: ${world.timer?.afterMs}`,
    );
    fire(world);
    settleWorld(world);
    end(t, world, 2);
  }
});

t.test('nor does an agent that starts after the clock was set back wait for a day', async t => {
  const world = paused();
  world.now -= DAY_MS;
  start(world, true);
  settleWorld(world);
  t.equal(world.state.phase, 'serving');
  t.equal(world.timer?.afterMs, 120_000);
  fire(world);
  settleWorld(world);
  end(t, world, 2);
});
