/** The clock of the host is set to another time. */
import t from 'tap';
import {end, servingOne} from './serving.ts';
import {ask, fire, settleWorld, snap, start, type World} from './world.ts';

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
