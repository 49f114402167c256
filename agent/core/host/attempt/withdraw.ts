import {sameRelease} from '../../release.ts';
import type {Event} from '../event.ts';
import type {Rules} from '../rules.ts';
import type {In} from '../state.ts';
import {type Step, stay} from '../step.ts';
import {enterStaging} from './enter.ts';
import {goOn} from './finish.ts';
import {isInTurn} from './stage-in-turn.ts';

/**
 * A host that stages or waits still serves: when what it prepares is no longer asked for, or it shall hold,
 * it just stops preparing. The same release under a new version goes on; what waits for its next try gets it
 * at once, what waits for its turn only when an operator says so.
 */
export const withdraw = (state: In<'staging'> | In<'waiting'>, event: Event, rules: Rules): Step => {
  const {desired, attempt} = state;
  if (!state.hold && desired?.version === attempt.version && event.type !== 'operator.retried')
    return stay(state);
  if (state.hold || !desired || !sameRelease(desired.release, attempt.target.release)) {
    return goOn({...state, begun: null}, event, rules);
  }
  const next = {...state, attempt: {...attempt, version: desired.version}};
  if (next.phase === 'staging') {
    const isAsked = event.type === 'operator.retried' || !isInTurn(next);
    return next.blocked && isAsked
      ? enterStaging(next, {...next.attempt, tries: 0}, event, rules)
      : stay(next);
  }
  return stay(next, {type: 'permit.ask', generation: next.generation, version: desired.version});
};
