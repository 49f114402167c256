import {reason} from '../../reason.ts';
import {goBack, settle} from '../attempt/finish.ts';
import {takeBack} from '../attempt/take-back.ts';
import {ignore, stay} from '../step.ts';
import type {On} from './on.ts';

/** In traffic on the new release, still watched, the permit still out. */
export const baking: On<'baking'> = (state, event, rules) => {
  switch (event.type) {
    case 'bake.passed':
      return settle(state, state.attempt, event, rules);
    case 'bake.failed':
      return goBack(state, state.attempt, event.cause, event, rules);
    case 'timer.fired': {
      const cause = reason('bake.failed', {probe: 'all probes', last: 'no answer before the deadline'});
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
