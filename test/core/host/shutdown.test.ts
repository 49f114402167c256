/** A host that shuts down in any phase: whatever becomes of the shutdown, it ends in traffic with nothing left open. */
import t, {type Test} from 'tap';
import {shutDown} from '../../../agent/core/host/shutdown.ts';
import {PHASES, type Phase} from '../../../agent/core/host/state.ts';
import {isServing} from '../../../agent/core/host/why.ts';
import {ask, createWorld, happen, settleWorld, snap, start, type World} from './world.ts';

/** A host that was asked for another release and has come to this phase; null when it is never there. */
const inPhase = (phase: Phase, isBad: boolean): World | null => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  if (phase === 'booting') return world;
  settleWorld(world);
  if (isBad) world.faults.set('bake.watch', ['error']);
  if (phase !== 'serving') ask(world, snap(2), '2');
  settleWorld(world, {until: phase});
  return world.state.phase === phase ? world : null;
};

/** The agent has left traffic, and is gone. */
const depart = (t: Test, world: World): void => {
  const wasIn = world.traffic;
  const state = shutDown(world.state);
  if (wasIn && world.current !== null) t.equal(state.out, true, `${world.state.phase}: journalled as out`);
  world.traffic = false;
  world.state = state;
};

for (const isBad of [false, true])
  for (const phase of PHASES) {
    const name = `${phase}${isBad ? ', and the new release is bad' : ''}`;
    if (phase === 'held' || !inPhase(phase, isBad)) continue;
    for (const comesTrue of [true, false])
      t.test(`${name}: the shutdown ${comesTrue ? 'comes true' : 'is called off'}`, async t => {
        const world = inPhase(phase, isBad);
        if (!world) throw new Error('it was there before');
        depart(t, world);
        start(world, !comesTrue);
        settleWorld(world, {timers: 80});
        t.ok(isServing(world.state), `it serves: ${world.state.phase}`);
        t.equal(world.traffic, true);
        t.match(world.state, {phase: 'serving', out: false, permit: null});
      });
  }

t.test('a host that is held stays so, and is in traffic again', async t => {
  const world = inPhase('serving', false);
  if (!world) throw new Error('it serves');
  happen(world, {type: 'operator.held', by: 'ada', note: 'look'} as never);
  depart(t, world);
  start(world, true);
  settleWorld(world);
  t.match(world.state, {phase: 'held', out: false, hold: {by: 'ada'}});
  t.equal(world.traffic, true);
});

t.test('what is out of traffic, or does not know, is journalled as it is', async t => {
  for (const phase of ['booting', 'draining', 'activating', 'gating', 'rejoining'] as const) {
    const world = inPhase(phase, false);
    t.equal(world && shutDown(world.state), world?.state, phase);
  }
});
