import {backoffMs} from '../../backoff.ts';
import type {Reason} from '../../reason.ts';
import {enterBaking, rejoin} from '../attempt/enter.ts';
import {settle} from '../attempt/finish.ts';
import {takeBack} from '../attempt/take-back.ts';
import type {Stamp} from '../event.ts';
import type {In} from '../state.ts';
import {ignore, type Step, stay, timer} from '../step.ts';
import type {On} from './on.ts';

/** Healthy, and on the way back into traffic. There is nothing better to do than to try again until it works. */
export const rejoining: On<'rejoining'> = (state, event, rules) => {
  switch (event.type) {
    case 'traffic.rejoined':
      return state.attempt.purpose === 'update' && !state.attempt.quick
        ? enterBaking({...state, out: false}, {...state.attempt, tries: 0}, event, rules)
        : settle({...state, out: false}, state.attempt, event, rules);
    case 'traffic.rejoin-failed':
      return retry(state, event.cause, event);
    case 'timer.fired':
      return [state, rejoin(state)];
    case 'operator.rolled-back':
      return takeBack(state, event, rules);
    case 'desired.read':
    case 'operator.held':
      return stay(state);
    default:
      return ignore(state, event);
  }
};

const retry = (state: In<'rejoining'>, cause: Reason, stamp: Stamp): Step => {
  const tries = state.attempt.tries + 1;
  const next = {...state, blocked: cause, attempt: {...state.attempt, tries}};
  const afterMs = backoffMs({tries, random: stamp.random, baseMs: 250, capMs: 10_000});
  return stay(next, {type: 'log', level: 'warning', cause}, timer(next, 'retry', afterMs));
};
