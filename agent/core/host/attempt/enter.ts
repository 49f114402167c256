/** How each phase begins: its state, its effect and its deadline. What happens then is in `phases/`. */
import type {Reason} from '../../reason.ts';
import type {Effect} from '../effect.ts';
import type {Stamp} from '../event.ts';
import {HIDE_MS, type Rules, SLACK_MS} from '../rules.ts';
import type {Attempt, State} from '../state.ts';
import {common, keptSlots, type Step, timer} from '../step.ts';

/** Nothing serves here: look at the store and choose. */
export const enterBooting = (state: State, {now}: Stamp): Step => {
  const next: State = {...common(state), phase: 'booting', blocked: null, tries: 0, since: now};
  return [next, [{type: 'boot.view', generation: next.generation}, timer(next, 'deadline', 3 * SLACK_MS)]];
};

/**
 * Prepare the attempt's slot. What no kept activation needs is pruned first, to make room; but not at once on a host that
 * knows of no activation: when its journal was lost, its application still runs from such a slot.
 */
export const enterStaging = (state: State, attempt: Attempt, {now}: Stamp, rules: Rules): Step => {
  const {generation} = attempt.target;
  const next: State = {...common(state), phase: 'staging', generation, attempt, blocked: null, since: now};
  const prune: Effect = {type: 'slots.prune', generation, keep: keptSlots(next)};
  return [
    next,
    [
      ...(!next.strange && (next.active || attempt.tries > 0) ? [prune] : []),
      {type: 'release.stage', generation, target: attempt.target},
      timer(next, 'deadline', rules.stageTimeoutMs + SLACK_MS),
    ],
  ];
};

/** Ask for a permit, and go on serving until it comes. */
export const enterWaiting = (state: State, attempt: Attempt, {now}: Stamp): Step => [
  {...common(state), phase: 'waiting', attempt, blocked: null, since: now},
  [{type: 'permit.ask', generation: state.generation, version: attempt.version}],
];

/** Leave traffic. `out` is journalled with this state, so that every later start undoes it. */
export const enterDraining = (state: State, attempt: Attempt, {now}: Stamp, rules: Rules): Step => {
  const next: State = {
    ...common(state),
    phase: 'draining',
    step: 'leaving',
    attempt,
    out: true,
    cut: [],
    since: now,
  };
  return [next, leave(next, rules)];
};

/** One try to leave traffic. Its deadline also covers the drain that follows. */
export const leave = (state: State, rules: Rules): readonly Effect[] => [
  {type: 'traffic.leave', generation: state.generation},
  timer(state, 'deadline', rules.drainTimeoutMs + 3 * SLACK_MS),
];

/** One try to leave traffic that nothing depends on. */
export const hide = ({generation}: State): Effect => ({type: 'traffic.hide', generation, timeoutMs: HIDE_MS});

/**
 * Make the attempt's slot the running one. What starts must not be in traffic before its gate: a boot that drained nothing leaves
 * traffic here, as well as it can.
 */
export const enterActivating = (state: State, attempt: Attempt, {now}: Stamp, rules: Rules): Step => {
  const next: State = {...common(state), phase: 'activating', out: true, strange: false, attempt, since: now};
  const {generation} = next;
  const previous = next.active?.slot === attempt.target.slot ? next.previous : next.active;
  const hides = attempt.purpose === 'boot' && state.phase !== 'draining';
  return [
    next,
    [
      ...(hides ? [hide(next)] : []),
      {type: 'release.activate', generation, target: attempt.target, previous},
      timer(next, 'deadline', (hides ? HIDE_MS : 0) + rules.activateTimeoutMs + SLACK_MS),
    ],
  ];
};

/** Wait until the release is healthy. */
export const enterGating = (state: State, attempt: Attempt, {now}: Stamp, rules: Rules): Step => {
  const next: State = {...common(state), phase: 'gating', out: true, attempt, since: now};
  return [
    next,
    [
      {type: 'gate.probe', generation: next.generation, timeoutMs: rules.gateTimeoutMs},
      timer(next, 'deadline', rules.gateTimeoutMs + SLACK_MS),
    ],
  ];
};

/** Return to traffic. */
export const enterRejoining = (state: State, attempt: Attempt, {now}: Stamp): Step => {
  const next: State = {...common(state), phase: 'rejoining', attempt, blocked: null, since: now};
  return [next, rejoin(next)];
};

/** One try to return to traffic; when it gives no answer the next one follows. */
export const rejoin = (state: State): readonly Effect[] => [
  {type: 'traffic.rejoin', generation: state.generation},
  timer(state, 'deadline', 3 * SLACK_MS),
];

/** Watch the new release under traffic before the permit goes back. */
export const enterBaking = (state: State, attempt: Attempt, {now}: Stamp, rules: Rules): Step => {
  const next: State = {...common(state), phase: 'baking', attempt, since: now};
  return [
    next,
    [
      {type: 'bake.watch', generation: next.generation, forMs: rules.bakeMs},
      timer(next, 'deadline', rules.bakeMs + SLACK_MS),
    ],
  ];
};

/** Bring the previous release's slot back. It needs no network while the slot is there. */
export const enterRollingBack = (state: State, attempt: Attempt, {now}: Stamp, rules: Rules): Step => {
  const {generation} = attempt.target;
  const next: State = {
    ...common(state),
    phase: 'rolling-back',
    generation,
    attempt,
    blocked: null,
    since: now,
  };
  return [
    next,
    [
      {type: 'release.stage', generation, target: attempt.target},
      timer(next, 'deadline', rules.stageTimeoutMs + SLACK_MS),
    ],
  ];
};

/** Serve, and wait for something to do. One that serves already serves since it began to. */
export const enterServing = (state: State, {now}: Stamp): Step => {
  const since = state.phase === 'serving' ? state.since : now;
  const next: State = {...common(state), phase: 'serving', since};
  return [next, state.phase === 'serving' ? [] : pauseTimer(next, now)];
};

/** The timer that ends the pause of a release that is left alone for a while. An agent that was restarted has none. */
export const pauseTimer = (state: State, now: number): readonly Effect[] => {
  const pauseMs = pauseLeft(state, now);
  return state.phase !== 'serving' || pauseMs === null ? [] : [timer(state, 'retry', pauseMs)];
};

// A clock that was set back must not make a pause longer than it was meant to be.
const pauseLeft = ({rejected}: State, now: number): number | null => {
  if (!rejected || rejected.retryAt === null) return null;
  return Math.min(Math.max(0, rejected.retryAt - now), rejected.retryAt - rejected.at);
};

/** Stop here: on purpose (in traffic), or because nothing works (out of traffic). */
export const enterHeld = (state: State, cause: Reason, {now}: Stamp): Step => [
  {...common(state), phase: 'held', cause, since: state.phase === 'held' ? state.since : now},
  [],
];
