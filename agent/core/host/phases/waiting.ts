import {enterDraining} from '../attempt/enter.ts';
import {turnRound} from '../attempt/turn-round.ts';
import {withdraw} from '../attempt/withdraw.ts';
import {ignore, stay} from '../step.ts';
import type {On} from './on.ts';

/** The release is staged; the host serves until it is this host's turn. */
export const waiting: On<'waiting'> = (state, event, rules) => {
  switch (event.type) {
    case 'permit.granted':
      // `transition` lets only the permit through that this attempt waits for
      return enterDraining(
        {...state, permit: event.fence},
        {...state.attempt, ...(event.quick && {quick: true})},
        event,
        rules,
      );
    case 'permit.blocked':
      return stay({...state, blocked: event.cause});
    case 'rollout.reverted':
      return turnRound(state, event, rules);
    case 'desired.read':
    case 'operator.retried':
    case 'operator.held':
    case 'operator.rolled-back':
      return withdraw(state, event, rules);
    default:
      return ignore(state, event);
  }
};
