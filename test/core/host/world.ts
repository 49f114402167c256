/**
 * A host in memory: takes the core's steps, so that whole lives can be played through in a test. What an effect does to
 * the host is in `effects.ts`.
 */
import {describe} from '../../../agent/core/host/describe.ts';
import type {Effect} from '../../../agent/core/host/effect.ts';
import type {Event, Result, Stamp, Turn} from '../../../agent/core/host/event.ts';
import {recover} from '../../../agent/core/host/recover.ts';
import type {Rules} from '../../../agent/core/host/rules.ts';
import type {Phase, State} from '../../../agent/core/host/state.ts';
import type {Step} from '../../../agent/core/host/step.ts';
import {transition} from '../../../agent/core/host/transition.ts';
import {parseRelease, type Release, releaseId} from '../../../agent/core/release.ts';
import {apply, DISK_FULL, effectText, failure} from './effects.ts';
import {checkEffect, checkState, checkTimer} from './invariants.ts';

export const RULES: Rules = {
  stageTimeoutMs: 600_000,
  drainTimeoutMs: 30_000,
  activateTimeoutMs: 60_000,
  gateTimeoutMs: 60_000,
  bakeMs: 30_000,
};

/**
 * What goes wrong with one effect; `full` is an error whose cause is the host's full disk. The last three end the agent; `reboot`
 * ends everything else on the host too.
 */
export type Fault = 'error' | 'full' | 'timeout' | 'crash-before' | 'crash-after' | 'reboot';
export type Operation = Exclude<Effect['type'], 'timer.set' | 'log' | 'log.ignored'>;

export interface World {
  state: State;
  /** the journalled state before this one */
  before: State | null;
  now: number;
  /** the application takes requests */
  traffic: boolean;
  /** those who send requests were asked to send none here; else what starts gets them, healthy or not */
  hidden: boolean;
  running: boolean;
  /** the last try to leave traffic failed */
  cannotLeave: boolean;
  current: string | null;
  slots: Set<string>;
  fence: number;
  grants: boolean;
  storeUp: boolean;
  proven: Release | null;
  asked: {release: Release; version: string} | null;
  /** this host's turn in its fleet, when it is told of one */
  turn: Turn | null;
  /** releases that never pass their gate */
  broken: Set<string>;
  /** faults by effect, taken one by one */
  faults: Map<Operation, Fault[]>;
  timer: Extract<Effect, {type: 'timer.set'}> | null;
  pending: Effect[];
  /** phases in the order in which they were entered */
  visited: Phase[];
  log: string[];
}

/** A release of the tests: `snap-` and the digit eight times. */
export const snap = (digit: number): Release => {
  const release = parseRelease(`snap-${String(digit).repeat(8)}`);
  if (!release) throw new Error(`no release ${digit}`);
  return release;
};

/** A host that has never run anything, its first step taken. */
export const createWorld = (over: Partial<World> = {}): World => {
  const world = {
    before: null,
    now: 1_000_000,
    traffic: false,
    hidden: false,
    running: false,
    cannotLeave: false,
    current: null,
    slots: new Set<string>(),
    fence: 0,
    grants: true,
    storeUp: true,
    proven: null,
    asked: null,
    turn: null,
    broken: new Set<string>(),
    faults: new Map(),
    timer: null,
    pending: [],
    visited: [],
    log: [],
    ...over,
  } as unknown as World;
  start(world, false, null);
  return world;
};

/** The agent starts: from its journal, and on the same boot of the machine or a new one. */
export const start = (
  world: World,
  sameBoot: boolean,
  journal: State | null = world.state,
  stale = false,
): void => {
  if (!sameBoot) {
    world.running = false;
    world.traffic = false;
  }
  world.pending = [];
  world.timer = null;
  const facts = {sameBoot, stale, current: world.current, running: world.running};
  take(world, recover(RULES, journal, facts, moment(world)), true);
};

/** Something happens to the host. */
export const happen = (world: World, event: Result | Parameters<typeof stamped>[1]): void =>
  take(world, transition(RULES, world.state, stamped(world, event as never)));

/** The operators ask for a release under a new version. */
export const ask = (world: World, release: Release, version: string): void => {
  world.asked = {release, version};
  if (world.storeUp) tellDesired(world);
};

/** The desired key is read. */
export const tellDesired = (world: World): void => {
  const {asked, turn} = world;
  const reading = {ok: true, desired: asked};
  if (asked) happen(world, {type: 'desired.read', reading, ...(turn && {turn})} as never);
};

interface Settle {
  /** how many timers may fire */
  readonly timers?: number;
  /** stop as soon as this phase is entered */
  readonly until?: Phase;
  /** also wait for the next try of a host that is held because nothing works */
  readonly heldToo?: boolean;
}

/** Performs effects and fires timers until nothing is left to do. Throws when that never ends. */
export const settleWorld = (world: World, {timers = 40, until, heldToo = false}: Settle = {}): void => {
  let fired = 0;
  for (let steps = 0; steps < 2_000; steps += 1) {
    if (world.state.phase === until) return;
    const effect = world.pending.shift();
    if (effect) perform(world, effect);
    else if (
      world.timer &&
      fired < timers &&
      (heldToo || !isSlow(world)) &&
      world.state.phase !== 'serving'
    ) {
      fired += 1;
      fire(world);
    } else return;
  }
  throw new Error(`it never ends: ${world.visited.slice(-20).join(' ')}`);
};

// The pause of a host that is held is not waited for, unless told: it would be tried again for ever.
const isSlow = ({state}: World): boolean => state.phase === 'held';

/** The timer that is set goes off. */
export const fire = (world: World): void => {
  const {timer} = world;
  if (!timer) return;
  world.timer = null;
  world.now += timer.afterMs;
  happen(world, {type: 'timer.fired', timer: timer.timer, phase: timer.phase, generation: timer.generation});
};

const moment = (world: World): Stamp => ({now: world.now, random: 0.5});
const stamped = (world: World, event: Omit<Event, keyof Stamp>): Event =>
  ({...event, ...moment(world)}) as Event;

const take = (world: World, [next, effects]: Step, first = false): void => {
  const before = first ? null : world.state;
  if (before?.phase !== next.phase || before.generation !== next.generation) {
    world.visited.push(next.phase);
    world.log.push(describe(next));
    world.timer = null;
    world.pending = [];
  }
  if (next !== world.state) world.before = world.state ?? null;
  world.state = next;
  checkState(world, before);
  for (const effect of effects) {
    if (effect.type === 'timer.set') world.timer = checkTimer(world, effect);
    else if (effect.type !== 'log' && effect.type !== 'log.ignored') world.pending.push(effect);
  }
};

const perform = (world: World, effect: Effect): void => {
  world.now += 100;
  const fault = world.faults.get(effect.type as Operation)?.shift();
  world.log.push(`  ${effectText(effect)}${fault === undefined ? '' : ` (${fault})`}`);
  if (effect.type === 'traffic.leave' || effect.type === 'traffic.hide')
    world.cannotLeave = fault === 'error' || fault === 'full' || fault === 'timeout';
  if (fault === 'crash-before') start(world, true);
  else if (fault === 'error') answer(world, failure(world, effect));
  else if (fault === 'full') answer(world, failure(world, effect, DISK_FULL));
  else if (fault !== 'timeout') complete(world, effect, fault);
};

const complete = (world: World, effect: Effect, fault: Fault | undefined): void => {
  checkEffect(world, effect);
  const result = apply(world, effect);
  if (fault !== undefined) start(world, fault === 'crash-after');
  else answer(world, result);
};

const answer = (world: World, result: Result | null): void => {
  if (result) happen(world, result);
};

/** The release that runs, as an id, or null. */
export const servedBy = ({current, running, state}: World): string | null => {
  if (!running) return null;
  const active = [state.active, state.previous].find(activation => activation?.slot === current);
  return active ? releaseId(active.release) : `unknown slot ${current}`;
};
