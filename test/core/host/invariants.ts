/** What must hold whatever happens, written as code. Each throws with the phases visited so far. */
import type {Effect} from '../../../agent/core/host/effect.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {isServing} from '../../../agent/core/host/why.ts';
import type {World} from './world.ts';

const must = (world: World, holds: boolean, law: string): void => {
  if (!holds) throw new Error(`${law}; visited ${world.visited.join(' ')}`);
};

/** After every step. */
export const checkState = (world: World, before: State | null): void => {
  const {state} = world;
  must(world, state.generation >= (before?.generation ?? 0), 'generations only grow');
  must(world, !(state.phase === 'serving' && state.out), 'a host that serves is not out of traffic');
  must(
    world,
    !(state.phase === 'serving' && state.permit !== null),
    'a host that serves gave its permit back',
  );
  must(
    world,
    !('attempt' in state && state.attempt.purpose === 'update') ||
      state.phase === 'staging' ||
      state.phase === 'waiting' ||
      state.permit !== null,
    'an update goes past waiting only with a permit',
  );
  must(
    world,
    !(state.phase === 'activating' || state.phase === 'gating') || state.out,
    'what has not passed its gate is out of traffic',
  );
  must(world, (state.begun?.count ?? 0) <= 3, 'a host goes down with a release at most three times');
  must(world, (state.begun?.restarts ?? 0) <= 10, 'an agent ends in attempts at a release at most ten times');
};

/** Before every effect is performed. */
export const checkEffect = (world: World, effect: Effect): void => {
  const {state} = world;
  if (effect.type === 'traffic.leave') {
    must(world, state.out, '"out by me" is journalled before traffic is left');
    must(
      world,
      state.permit !== null || !isServing(state),
      'a serving host leaves traffic only with a permit',
    );
  }
  if (effect.type === 'traffic.hide')
    must(world, state.out && !isServing(state), 'only what is out by itself is hidden');
  if (effect.type === 'release.activate') {
    const cut = world.cannotLeave && 'attempt' in state && state.attempt.purpose !== 'update';
    must(world, !world.traffic || cut, 'what runs is changed only out of traffic');
    must(world, world.slots.has(effect.target.slot), 'only a staged slot is activated');
  }
  if (effect.type === 'slots.prune') {
    const kept = new Set(effect.keep.map(activation => activation.slot));
    must(world, state.active === null || kept.has(state.active.slot), 'the active slot is never pruned');
    must(
      world,
      state.previous === null || kept.has(state.previous.slot),
      'the previous slot is never pruned',
    );
    must(
      world,
      world.current === null || !world.traffic || world.cannotLeave || kept.has(world.current),
      'what runs is never pruned',
    );
  }
};

/** When nothing is left to do. */
export const checkQuiet = (world: World): void => {
  const {state} = world;
  const quiet =
    state.phase === 'serving' || state.phase === 'held' || state.phase === 'waiting' || 'blocked' in state;
  must(world, quiet, `a run ends in serving, held or a wait with a reason, not in ${state.phase}`);
  const isOut = state.phase === 'held' && state.out && !world.cannotLeave;
  must(world, !(isOut && world.traffic), 'what is held out of traffic is');
  if (!isServing(state)) return;
  must(world, world.traffic && world.running, 'a host that says it serves does');
  must(world, world.current === state.active?.slot, 'what runs is what is active');
};

/** Of every timer, whatever the clock does. Gives it back. */
export const checkTimer = <T extends {readonly afterMs: number}>(world: World, timer: T): T => {
  must(
    world,
    timer.afterMs >= 0 && timer.afterMs <= 900_000,
    `no wait is longer than the last turn of a fleet: ${timer.afterMs}`,
  );
  return timer;
};
