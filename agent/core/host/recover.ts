/** Where a host goes on after its agent stopped. What is not known for sure ends in going back. */
import {reason} from '../reason.ts';
import {
  enterBaking,
  enterBooting,
  enterGating,
  enterRejoining,
  enterRollingBack,
  enterStaging,
} from './enter.ts';
import type {Stamp} from './event.ts';
import {giveUp, goBack, goOn} from './finish.ts';
import {PAUSE_MS, type Rules} from './rules.ts';
import type {Attempt, In, Phase, State} from './state.ts';
import type {Step} from './step.ts';

/** What is observed before the first event. */
export interface Facts {
  /** the machine has not been restarted since the journal was written */
  readonly sameBoot: boolean;
  /** the slot that `current` points at */
  readonly current: string | null;
  /** the application's units or processes are up */
  readonly running: boolean;
}

/** The state of a host that has never run anything. */
export const freshState = ({now}: Stamp): State => ({
  phase: 'booting',
  generation: 0,
  active: null,
  previous: null,
  desired: null,
  refusal: null,
  hold: null,
  rejected: null,
  out: false,
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
  if (!state) return enterBooting(freshState(stamp), stamp);
  return (table[state.phase] as Recover<Phase>)(state as never, facts, stamp, rules);
};

const runs = (slot: string | undefined, {sameBoot, running, current}: Facts): boolean =>
  sameBoot && running && current !== null && current === slot;

/** The host served: it goes on, or boots what it served. */
const resume = (state: State, facts: Facts, stamp: Stamp, rules: Rules): Step => {
  if (!state.active || !runs(state.active.slot, facts)) return enterBooting(state, stamp);
  return state.out ? enterRejoining(state, undo(state, state.active), stamp) : goOn(state, stamp, rules);
};

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
  if (!runs(state.active?.slot, facts)) return enterBooting(state, stamp);
  return state.hold ? goOn(state, stamp, rules) : enterStaging(state, attempt, stamp, rules);
};

/** It was out of traffic and had changed nothing: it returns as it is, and may try again. */
const undrain = (state: In<'draining'>, facts: Facts, stamp: Stamp, rules: Rules): Step => {
  const {attempt} = state;
  if (attempt.purpose === 'rollback') return enterRollingBack(state, attempt, stamp, rules);
  if (!runs(state.active?.slot, facts)) return enterBooting(state, stamp);
  return giveUp(
    state,
    attempt,
    {cause: reason('crash.recovered', {phase: state.phase}), pauseMs: PAUSE_MS},
    stamp,
    rules,
  );
};

/** It was changing what runs: nobody knows how far it came, so it goes back. */
const changing = (
  state: In<'activating' | 'gating' | 'rejoining' | 'baking'>,
  stamp: Stamp,
  rules: Rules,
): Step => {
  const {attempt} = state;
  switch (attempt.purpose) {
    case 'boot':
      return enterBooting(state, stamp);
    case 'rollback':
      return enterRollingBack(state, attempt, stamp, rules);
    case 'update':
      return goBack(state, attempt, reason('crash.recovered', {phase: state.phase}), stamp, rules);
  }
};

const table: {readonly [P in Phase]: Recover<P>} = {
  booting: (state, _facts, stamp) => enterBooting(state, stamp),
  staging: prepare,
  waiting: prepare,
  draining: undrain,
  activating: (state, _facts, stamp, rules) => changing(state, stamp, rules),
  gating: (state, facts, stamp, rules) =>
    runs(state.attempt.target.slot, facts)
      ? enterGating(state, state.attempt, stamp, rules)
      : changing(state, stamp, rules),
  rejoining: (state, facts, stamp, rules) =>
    runs(state.attempt.target.slot, facts)
      ? enterRejoining(state, state.attempt, stamp)
      : changing(state, stamp, rules),
  baking: (state, facts, stamp, rules) =>
    runs(state.attempt.target.slot, facts)
      ? enterBaking(state, state.attempt, stamp, rules)
      : changing(state, stamp, rules),
  serving: resume,
  'rolling-back': (state, _facts, stamp, rules) => enterRollingBack(state, state.attempt, stamp, rules),
  held: (state, facts, stamp, rules) =>
    state.cause.kind === 'operator.hold' ? resume(state, facts, stamp, rules) : enterBooting(state, stamp),
};
