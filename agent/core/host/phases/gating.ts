import {reason} from '../../reason.ts';
import {enterRejoining} from '../attempt/enter.ts';
import {goBack, promote} from '../attempt/finish.ts';
import {takeBack} from '../attempt/take-back.ts';
import {ignore, stay} from '../step.ts';
import type {On} from './on.ts';

/** The new release runs, out of traffic, and must become healthy before the deadline. */
export const gating: On<'gating'> = (state, event, rules) => {
  switch (event.type) {
    case 'gate.passed':
      return enterRejoining(promote(state, state.attempt), state.attempt, event);
    case 'gate.failed':
      return goBack(state, state.attempt, event.cause, event, rules);
    case 'timer.fired': {
      const details = {probe: 'all probes', seconds: rules.gateTimeoutMs / 1000, last: 'none'};
      return goBack(state, state.attempt, reason('gate.failed', details), event, rules);
    }
    case 'operator.rolled-back':
      return takeBack(state, event, rules);
    case 'desired.read':
    case 'operator.held':
      return stay(state);
    default:
      return ignore(state, event);
  }
};
