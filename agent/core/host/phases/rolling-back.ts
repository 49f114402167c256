import {type Reason, reason} from '../../reason.ts';
import {enterActivating, enterDraining} from '../attempt/enter.ts';
import {goBack} from '../attempt/finish.ts';
import type {Stamp} from '../event.ts';
import type {Rules} from '../rules.ts';
import type {In} from '../state.ts';
import {ignore, type Step, stay} from '../step.ts';
import type {On} from './on.ts';

/** The slot of the release before is brought back. It is there as a rule, so this takes no time and no network. */
export const rollingBack: On<'rolling-back'> = (state, event, rules) => {
  switch (event.type) {
    case 'release.staged':
      return state.out
        ? enterActivating(state, state.attempt, event, rules)
        : enterDraining(state, state.attempt, event, rules);
    case 'release.stage-failed':
      return failed(state, event.cause, event, rules);
    case 'timer.fired':
      return failed(state, reason('stage.timeout', {seconds: rules.stageTimeoutMs / 1000}), event, rules);
    case 'desired.read':
    case 'operator.held':
      return stay(state);
    default:
      return ignore(state, event);
  }
};

const failed = (state: In<'rolling-back'>, cause: Reason, stamp: Stamp, rules: Rules): Step =>
  goBack(state, state.attempt, cause, stamp, rules);
