import {reasonText} from '../reason.ts';
import type {Effect} from './effect.ts';
import type {Event} from './event.ts';
import {activating} from './phases/activating.ts';
import {baking} from './phases/baking.ts';
import {booting} from './phases/booting.ts';
import {draining} from './phases/draining.ts';
import {gating} from './phases/gating.ts';
import {held} from './phases/held.ts';
import type {On} from './phases/on.ts';
import {rejoining} from './phases/rejoining.ts';
import {rollingBack} from './phases/rolling-back.ts';
import {serving} from './phases/serving.ts';
import {staging} from './phases/staging.ts';
import {waiting} from './phases/waiting.ts';
import {withReading} from './reading.ts';
import type {Rules} from './rules.ts';
import type {Phase, State} from './state.ts';
import {ignore, type Step} from './step.ts';

const phases: {readonly [P in Phase]: On<P>} = {
  booting,
  staging,
  waiting,
  draining,
  activating,
  gating,
  rejoining,
  baking,
  serving,
  'rolling-back': rollingBack,
  held,
};

/**
 * One host's life: a state and an event give the next state and what to do. Pure: time and randomness travel in the
 * event. A result of an older generation, or a timer of an older phase, changes nothing.
 */
export const transition = (rules: Rules, state: State, event: Event): Step => {
  if (event.type === 'permit.granted' && !isWanted(state, event)) {
    const next = returnPermit(state, event);
    return next === state ? ignore(state, event) : [next, []];
  }
  if (isStale(state, event)) return ignore(state, event);
  const informed = inform(state, event);
  const [next, effects] = (phases[state.phase] as On<Phase>)(informed as never, event, rules);
  return [next, [...tellRefusal(state, event), ...effects]];
};

// The key is read again and again; what is wrong with it is said once.
const tellRefusal = ({refusal}: State, event: Event): readonly Effect[] => {
  if (event.type !== 'desired.read' || event.reading.ok) return [];
  const cause = event.reading.refusal;
  return refusal && reasonText(refusal) === reasonText(cause) ? [] : [{type: 'log', level: 'warning', cause}];
};

const isStale = (state: State, event: Event): boolean =>
  ('generation' in event && event.generation !== state.generation) ||
  (event.type === 'timer.fired' && event.phase !== state.phase);

type Granted = Event & {readonly type: 'permit.granted'};

const isWanted = (state: State, {version, fence}: Granted): boolean =>
  state.phase === 'waiting' && version === state.attempt.version && fence > (state.outcome?.fence ?? 0);

/**
 * The state in which a permit that is not wanted (any more) is given back unused; the same state when there is nothing to say. A host
 * that goes by a permit and is given a later one goes by that: the ledger has one of each host, and this one was restored since.
 */
export const returnPermit = (state: State, {fence, version}: Granted): State => {
  const release = state.desired?.release ?? state.active?.release;
  const isOver = fence <= (state.outcome?.fence ?? 0);
  if (isOver || !release) return state;
  if (state.permit !== null) return fence > state.permit ? {...state, permit: fence} : state;
  return {...state, outcome: {fence, result: 'unused', release, version, cause: null}};
};

// What operators say is remembered in every phase, whatever the phase makes of it.
const inform = (state: State, event: Event): State => {
  switch (event.type) {
    case 'desired.read':
      return withReading(state, event.reading);
    case 'operator.held':
      return {...state, hold: {by: event.by, note: event.note, at: event.now}};
    case 'operator.resumed':
      return {...state, hold: null};
    default:
      return state;
  }
};
