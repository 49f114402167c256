import type {Effect} from './effect.ts';
import type {Event, Timer} from './event.ts';
import type {Activation, Attempt, Common, State} from './state.ts';

/** The next state and what to do once it is journalled. */
export type Step = readonly [State, readonly Effect[]];

/** The part of a state that every phase carries. */
export const common = (state: State): Common => ({
  generation: state.generation,
  active: state.active,
  previous: state.previous,
  desired: state.desired,
  refusal: state.refusal,
  hold: state.hold,
  rejected: state.rejected,
  out: state.out,
  strange: state.strange,
  permit: state.permit,
  outcome: state.outcome,
  begun: state.begun,
  cut: state.cut,
  stuck: state.stuck,
  since: state.since,
});

/** Stays in the state, with effects if any. */
export const stay = (state: State, ...effects: readonly Effect[]): Step => [state, effects];

/** An event that means nothing here: the state is the same, and the log says so. */
export const ignore = (state: State, event: Event): Step => [
  state,
  [{type: 'log.ignored', event: event.type, phase: state.phase}],
];

/** A timer of this phase. Leaving the phase ends it. */
export const timer = (state: State, which: Timer, afterMs: number): Effect => ({
  type: 'timer.set',
  timer: which,
  phase: state.phase,
  generation: state.generation,
  afterMs,
});

/** The attempt of a phase that has one. */
export const attemptOf = (state: State): Attempt | null => ('attempt' in state ? state.attempt : null);

/** The activations whose slots must not be pruned in this state, each slot once. */
export const keptSlots = (state: State): readonly Activation[] =>
  [state.active, state.previous, attemptOf(state)?.target ?? null]
    .filter(kept => kept !== null)
    .filter((kept, place, all) => all.findIndex(({slot}) => slot === kept.slot) === place);
