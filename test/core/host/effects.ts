/** What each effect does to a host in memory, and what the core is told of it. */
import type {Effect} from '../../../agent/core/host/effect.ts';
import type {BootView, Result} from '../../../agent/core/host/event.ts';
import {type Reason, reason} from '../../../agent/core/reason.ts';
import type {World} from './world.ts';

/** The cause of an error that is the host's own. */
export const DISK_FULL: Reason = reason('disk.full', {path: '/', cause: 'the test says so'});
const CAUSE: Reason = reason('unexpected', {cause: 'the test says so'});

/** An effect as a line of the log. */
export const effectText = (effect: Effect): string => {
  if ('target' in effect) return `${effect.type} slot ${effect.target.slot}`;
  return 'keep' in effect
    ? `${effect.type}, keep ${effect.keep.map(kept => kept.slot).join(' ')}`
    : effect.type;
};

/** Does the effect. */
export const apply = (world: World, effect: Effect): Result | null => {
  const generation = 'generation' in effect ? effect.generation : 0;
  switch (effect.type) {
    case 'boot.view':
      return look(world, generation);
    case 'release.stage':
      world.slots.add(effect.target.slot);
      return {type: 'release.staged', generation};
    case 'permit.ask':
      return grant(world, generation, effect.version);
    case 'traffic.hide':
      world.traffic = false;
      world.hidden = true;
      return null;
    case 'traffic.leave':
      world.traffic = false;
      world.hidden = true;
      return {type: 'traffic.left', generation};
    case 'traffic.drain':
      return {type: 'drain.ended', cut: [], generation};
    case 'release.activate':
      world.current = effect.target.slot;
      world.running = true;
      world.traffic = !world.hidden;
      return {type: 'release.activated', generation};
    case 'gate.probe':
      return gate(world, generation);
    case 'traffic.rejoin':
      world.traffic = true;
      world.hidden = false;
      return {type: 'traffic.rejoined', generation};
    case 'bake.watch':
      world.now += effect.forMs;
      return world.running
        ? {type: 'bake.passed', generation}
        : {type: 'bake.failed', cause: CAUSE, generation};
    case 'slots.prune':
      world.slots = new Set([...world.slots].filter(slot => effect.keep.some(kept => kept.slot === slot)));
      return null;
    default:
      return null;
  }
};

/** What the core is told when an effect fails; null where it is told nothing. */
export const failure = (world: World, {type, ...effect}: Effect, cause = CAUSE): Result | null => {
  const generation = 'generation' in effect ? effect.generation : 0;
  const failures: Partial<Record<Effect['type'], Result>> = {
    'release.stage': {type: 'release.stage-failed', cause, generation},
    'traffic.leave': {type: 'traffic.leave-failed', cause, generation},
    'traffic.drain': {type: 'drain.ended', cut: ['192.0.2.1:1'], generation},
    'release.activate': {type: 'release.activate-failed', cause, generation},
    'gate.probe': {type: 'gate.failed', cause, generation},
    'traffic.rejoin': {type: 'traffic.rejoin-failed', cause, generation},
    'bake.watch': {type: 'bake.failed', cause, generation},
    'permit.ask': {type: 'permit.blocked', cause, generation},
  };
  return type === 'boot.view' ? look({...world, storeUp: false}, generation) : (failures[type] ?? null);
};

const look = ({storeUp, proven, asked}: World, generation: number): Result => {
  const view: BootView = storeUp
    ? {
        reachable: true,
        proven,
        denied: [],
        desired: asked && {ok: true, desired: asked},
        seed: null,
        settingUp: false,
        cause: null,
      }
    : {reachable: false, proven: null, denied: [], desired: null, seed: null, settingUp: false, cause: CAUSE};
  return {type: 'boot.seen', view, generation};
};

const grant = (world: World, generation: number, version: string): Result | null => {
  if (!world.grants || !world.storeUp) return null;
  world.fence = Math.max(world.fence, world.state.outcome?.fence ?? 0) + 1; // no fence is given twice
  return {type: 'permit.granted', fence: world.fence, version, generation};
};

const gate = (world: World, generation: number): Result => {
  const broken = !world.running || [...world.broken].some(id => world.current?.endsWith(id));
  const cause = reason('gate.failed', {probe: 'http', seconds: 60, last: 'HTTP 500'});
  return broken ? {type: 'gate.failed', cause, generation} : {type: 'gate.passed', generation};
};
