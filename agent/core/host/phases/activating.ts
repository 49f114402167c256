import {reason} from '../../reason.ts';
import {enterGating} from '../attempt/enter.ts';
import {goBack} from '../attempt/finish.ts';
import {takeBack} from '../attempt/take-back.ts';
import {ignore, stay} from '../step.ts';
import type {On} from './on.ts';

/** The slot is made the running one. From here on a failure means going back. */
export const activating: On<'activating'> = (state, event, rules) => {
  switch (event.type) {
    case 'release.activated':
      return enterGating(state, state.attempt, event, rules);
    case 'release.activate-failed':
      return goBack(state, state.attempt, event.cause, event, rules);
    case 'timer.fired': {
      const cause = reason('activate.timeout', {seconds: rules.activateTimeoutMs / 1000});
      return goBack(state, state.attempt, cause, event, rules);
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
