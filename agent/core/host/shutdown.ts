import type {State} from './state.ts';
import {common} from './step.ts';
import {isServing} from './why.ts';

/**
 * The state to journal before a host that shuts down leaves traffic: out, in the phase from which an agent that starts before the
 * shutdown comes true returns to traffic, and one that starts after it boots as after any other end. The same state for a host
 * that is out already, or does not know whether it is in.
 */
export const shutDown = (state: State): State => {
  if (state.phase === 'rolling-back') return {...state, out: true};
  if (!isServing(state)) return state;
  switch (state.phase) {
    case 'baking':
      return {...state, phase: 'rejoining', blocked: null, out: true};
    case 'held':
      return {...state, out: true};
    default:
      return {...common(state), phase: 'serving', out: true};
  }
};
