import {reason} from '../../reason.ts';
import {newAttempt} from '../attempt/attempt.ts';
import {consider} from '../attempt/consider.ts';
import {enterStaging} from '../attempt/enter.ts';
import {turnRound} from '../attempt/turn-round.ts';
import type {Stamp} from '../event.ts';
import type {Rules} from '../rules.ts';
import type {In} from '../state.ts';
import {ignore, type Step, stay} from '../step.ts';
import type {On} from './on.ts';

/** In traffic, with nothing to do until something is asked for. */
export const serving: On<'serving'> = (state, event, rules) => {
  switch (event.type) {
    case 'desired.read':
    case 'operator.held':
      return consider(state, event, rules);
    case 'rollout.reverted':
      return turnRound(state, event, rules);
    case 'timer.fired': // the pause of a release that was not activated is over
      return consider({...state, rejected: null}, event, rules);
    case 'operator.retried':
      return consider({...state, rejected: null, begun: null}, event, rules);
    case 'operator.rolled-back':
      return rollback(state, event.by, event, rules);
    default:
      return ignore(state, event);
  }
};

// The way back is an update like any other: it waits for a permit, so that operators on ten hosts cannot empty the fleet.
const rollback = (state: In<'serving'>, by: string, stamp: Stamp, rules: Rules): Step => {
  const {previous, active, desired} = state;
  if (!previous || !active) return stay(state);
  const cause = reason('operator.rollback', {by});
  const version = desired?.version ?? '';
  const rejected = {release: active.release, version, cause, at: stamp.now, retryAt: null};
  const attempt = newAttempt(state, {purpose: 'update', release: previous.release, version, result: 'done'});
  return enterStaging({...state, rejected}, {...attempt, cause}, stamp, rules);
};
