/** A boot is out of traffic until its gate passed, and "held out of traffic" is true. */
import t from 'tap';
import {describe} from '../../../agent/core/host/describe.ts';
import {releaseId} from '../../../agent/core/release.ts';
import {checkQuiet} from './invariants.ts';
import {end, servingOne} from './serving.ts';
import {ask, createWorld, RULES, settleWorld, snap, start} from './world.ts';

const booted = (broken: boolean) => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  if (broken) world.broken.add(releaseId(snap(1)));
  return world;
};

t.test('a boot leaves traffic before anything starts, and returns after its gate', async t => {
  const world = booted(false);
  settleWorld(world, {until: 'activating'});
  t.equal(world.state.out, true, 'journalled before it is asked for');
  const [hide, activate] = world.pending;
  t.match(hide, {type: 'traffic.hide', timeoutMs: 5_000});
  t.match(activate, {type: 'release.activate'});
  t.equal(world.timer?.afterMs, RULES.activateTimeoutMs + 15_000, 'it takes nothing from the activation');
  settleWorld(world, {until: 'rejoining'});
  t.match(world, {traffic: false, running: true});
  settleWorld(world);
  end(t, world, 1);
});

t.test('a boot that fails its gate is held out of traffic', async t => {
  const world = booted(true);
  settleWorld(world);
  t.match(describe(world.state), /^held out of traffic/);
  t.match(world, {traffic: false, running: true});
});

t.test('one that could not leave before is out once it is held', async t => {
  const world = booted(true);
  world.faults.set('traffic.hide', ['timeout']);
  settleWorld(world, {until: 'held'});
  t.equal(world.traffic, true);
  settleWorld(world);
  t.equal(world.traffic, false);
});

t.test('an agent that ends in the middle of a boot leaves traffic again', async t => {
  const world = booted(false);
  world.faults.set('traffic.hide', ['crash-before']);
  settleWorld(world);
  end(t, world, 1);
  t.equal(world.log.filter(line => line.includes('traffic.hide')).length, 2);
});

t.test('a boot that goes back drains first: nobody knows whether it could leave', async t => {
  const world = servingOne();
  ask(world, snap(2), '2');
  settleWorld(world);
  start(world, false);
  world.broken.add(releaseId(snap(2)));
  world.visited = [];
  settleWorld(world);
  checkQuiet(world);
  t.equal(
    world.visited.join(' '),
    'staging activating gating rolling-back draining activating gating rejoining serving',
  );
});

t.test('what a booting host found running is left as it is when nothing can be staged', async t => {
  const world = servingOne();
  start(world, true, null);
  world.faults.set(
    'release.stage',
    Array.from({length: 8}, () => 'error' as const),
  );
  settleWorld(world);
  t.match(world.state, {phase: 'held', out: false, strange: true});
  t.match(world, {traffic: true, running: true});
  t.match(describe(world.state), /^held, with what ran here left as it is/);
});
