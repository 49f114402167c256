import {reason} from '../../reason.ts';
import type {Event} from '../event.ts';
import type {Rules} from '../rules.ts';
import type {State} from '../state.ts';
import {attemptOf, ignore, type Step} from '../step.ts';
import {goBack} from './finish.ts';

/** The operator wants the release that is being activated taken back; a rollback already under way goes on. */
export const takeBack = (state: State, event: Event, rules: Rules): Step => {
  const attempt = attemptOf(state);
  if (event.type !== 'operator.rolled-back' || attempt?.purpose !== 'update') return ignore(state, event);
  return goBack(state, attempt, reason('operator.rollback', {by: event.by}), event, rules);
};
