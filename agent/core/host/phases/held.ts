import {consider} from '../attempt/consider.ts';
import {enterBooting} from '../attempt/enter.ts';
import {ignore, stay} from '../step.ts';
import type {On} from './on.ts';

/** Stopped: on purpose and in traffic, or because nothing works and out of traffic. */
export const held: On<'held'> = (state, event, rules) => {
  const onPurpose = state.cause.kind === 'operator.hold';
  switch (event.type) {
    case 'operator.resumed':
      return onPurpose ? consider(state, event, rules) : stay(state);
    case 'operator.held':
      return onPurpose ? consider(state, event, rules) : stay(state);
    case 'timer.fired':
      return onPurpose ? ignore(state, event) : enterBooting(state, event);
    case 'desired.read':
      return onPurpose || state.desired?.version === state.rejected?.version
        ? stay(state)
        : enterBooting(state, event);
    case 'operator.retried':
      return onPurpose ? stay(state) : enterBooting({...state, rejected: null, begun: null}, event);
    default:
      return ignore(state, event);
  }
};
