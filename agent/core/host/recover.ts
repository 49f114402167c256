/** Where a host goes on after its agent stopped. What is not known for sure ends in going back. */
import {reason} from '../reason.ts';
import {countEnding, isWornOut} from './attempt/begun.ts';
import {
  enterBaking,
  enterBooting,
  enterDraining,
  enterGating,
  enterRejoining,
  enterRollingBack,
  enterStaging,
  pauseTimer,
} from './attempt/enter.ts';
import {giveUp, goBack, goOn} from './attempt/finish.ts';
import {isInTurn, turnAgain} from './attempt/stage-in-turn.ts';
import type {Stamp} from './event.ts';
import type {Rules} from './rules.ts';
import type {Attempt, In, Phase, State} from './state.ts';
import type {Step} from './step.ts';
import {isServing} from './why.ts';

/** What is observed before the first event. */
export interface Facts {
  /** the machine has not been restarted since the journal was written */
  readonly sameBoot: boolean;
  /** the journal is one step old: the newest one was damaged */
  readonly stale: boolean;
  /** the slot that `current` points at */
  readonly current: string | null;
  /** the application's units or processes are up */
  readonly running: boolean;
}

/** The state of a host that has never run anything, as far as it knows. */
export const freshState = ({now}: Stamp): In<'booting'> => ({
  phase: 'booting',
  generation: 0,
  active: null,
  previous: null,
  desired: null,
  refusal: null,
  hold: null,
  rejected: null,
  out: false,
  strange: false,
  permit: null,
  outcome: null,
  begun: null,
  cut: [],
  stuck: 0,
  since: now,
  blocked: null,
  tries: 0,
});

type Recover<P extends Phase> = (state: In<P>, facts: Facts, stamp: Stamp, rules: Rules) => Step;

/** The first step after a start, from the journalled state (null: none) and the facts. */
export const recover = (rules: Rules, state: State | null, facts: Facts, stamp: Stamp): Step => {
  if (!state) return begin(facts, stamp);
  if (facts.stale && isServing(state) && state.phase !== 'baking') return rejoinFirst(state, facts, stamp);
  return (table[state.phase] as Recover<Phase>)(state as never, facts, stamp, rules);
};

// When the journal was lost, the slot that is current still tells how far the generations had come.
const begin = (facts: Facts, stamp: Stamp): Step => {
  const generation = Number.parseInt(facts.current ?? '0', 10) || 0;
  const strange = facts.running && facts.current !== null;
  return enterBooting({...freshState(stamp), generation, strange}, stamp);
};

// What runs is not what the journal says: it is left alone until the release to boot is in its slot.
const bootAnew = (state: State, {sameBoot, running}: Facts, stamp: Stamp): Step =>
  enterBooting({...state, strange: sameBoot && running}, stamp);

const runs = (slot: string | undefined, {sameBoot, running, current}: Facts): boolean =>
  sameBoot && running && current !== null && current === slot;

/** The host served: it goes on, or boots what it served. */
const resume = (state: State, facts: Facts, stamp: Stamp, rules: Rules): Step => {
  if (!state.active || !runs(state.active.slot, facts)) return bootAnew(state, facts, stamp);
  if (state.out) return enterRejoining(state, undo(state, state.active), stamp);
  const [next, effects] = goOn(state, stamp, rules);
  const isTimed = effects.some(({type}) => type === 'timer.set');
  return [next, isTimed ? effects : [...effects, ...pauseTimer(next, stamp.now)]];
};

// The step that was lost may have been the one out of traffic.
const rejoinFirst = (state: State, facts: Facts, stamp: Stamp): Step =>
  state.active && runs(state.active.slot, facts)
    ? enterRejoining(state, undo(state, state.active), stamp)
    : bootAnew(state, facts, stamp);

const undo = (state: State, target: Attempt['target']): Attempt => ({
  purpose: 'rollback',
  target,
  version: state.desired?.version ?? '',
  tries: 0,
  cause: null,
  result: 'unused',
});

/** It was preparing while it served: the same slot is taken up again. */
const prepare = (state: In<'staging'> | In<'waiting'>, facts: Facts, stamp: Stamp, rules: Rules): Step => {
  const {attempt} = state;
  if (attempt.purpose === 'boot') return enterBooting(state, stamp);
  if (!runs(state.active?.slot, facts)) return bootAnew(state, facts, stamp);
  if (state.hold) return goOn(state, stamp, rules);
  return state.phase === 'staging' && isInTurn(state)
    ? turnAgain(state, stamp)
    : enterStaging(state, attempt, stamp, rules);
};

/** It was out of traffic and had changed nothing: it drains again, but not for ever. */
const drainAgain = (state: In<'draining'>, facts: Facts, stamp: Stamp, rules: Rules): Step => {
  const {attempt} = state;
  // Nobody knows whether it had left yet: not out, it drains before anything changes.
  if (attempt.purpose === 'rollback')
    return enterRollingBack({...state, out: !facts.sameBoot}, attempt, stamp, rules);
  if (attempt.purpose === 'boot') return enterBooting(state, stamp);
  if (!runs(state.active?.slot, facts)) return bootAnew(state, facts, stamp);
  const next = countEnding(state, attempt.version, 'agent');
  if (!isWornOut(next, attempt.version)) return enterDraining(next, {...attempt, tries: 0}, stamp, rules);
  const cause = reason('crash.recovered', {phase: state.phase});
  return giveUp(next, attempt, {cause, pauseMs: null}, stamp, rules);
};

type Changing = In<'activating' | 'gating' | 'rejoining' | 'baking'>;

/**
 * It was changing what runs: nobody knows how far it came, so it goes back. A host that went down may have done so by what was begun;
 * an agent that ended alone did not.
 */
const changing = (state: Changing, facts: Facts, stamp: Stamp, rules: Rules): Step => {
  const {attempt} = state;
  // Nobody knows whether it was back in traffic already: not out, it leaves again before anything changes.
  const left: State = state.phase === 'rejoining' ? {...state, out: false} : state;
  switch (attempt.purpose) {
    case 'boot':
      return enterBooting(state, stamp);
    case 'rollback':
      return enterRollingBack(left, attempt, stamp, rules);
    case 'update': {
      const next = countEnding(left, attempt.version, facts.sameBoot ? 'agent' : 'release');
      return goBack(next, attempt, reason('crash.recovered', {phase: state.phase}), stamp, rules);
    }
  }
};

type Enter = (state: State, attempt: Attempt, stamp: Stamp, rules: Rules) => Step;

/** The release runs as it should: the phase begins anew, but not for ever. */
const onceMore =
  (enter: Enter) =>
  (state: Changing, facts: Facts, stamp: Stamp, rules: Rules): Step => {
    const {attempt, phase} = state;
    if (!runs(attempt.target.slot, facts)) return changing(state, facts, stamp, rules);
    if (attempt.purpose !== 'update') return enter(state, attempt, stamp, rules);
    const next = countEnding(state, attempt.version, 'agent');
    if (!isWornOut(next, attempt.version)) return enter(next, attempt, stamp, rules);
    return goBack(next, attempt, reason('crash.recovered', {phase}), stamp, rules);
  };

const table: {readonly [P in Phase]: Recover<P>} = {
  booting: (state, _facts, stamp) => enterBooting(state, stamp),
  staging: prepare,
  waiting: prepare,
  draining: drainAgain,
  activating: changing,
  gating: onceMore(enterGating),
  rejoining: onceMore(enterRejoining),
  baking: onceMore(enterBaking),
  serving: resume,
  'rolling-back': (state, _facts, stamp, rules) => enterRollingBack(state, state.attempt, stamp, rules),
  held: (state, facts, stamp, rules) =>
    state.cause.kind === 'operator.hold' ? resume(state, facts, stamp, rules) : enterBooting(state, stamp),
};
