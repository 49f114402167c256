import {backoffMs} from '../../backoff.ts';
import {type Reason, reason} from '../../reason.ts';
import {enterActivating, enterBooting, enterDraining, enterStaging, enterWaiting} from '../attempt/enter.ts';
import {giveUp, stop} from '../attempt/finish.ts';
import {isInTurn} from '../attempt/stage-in-turn.ts';
import {turnRound} from '../attempt/turn-round.ts';
import {withdraw} from '../attempt/withdraw.ts';
import type {Stamp} from '../event.ts';
import {MAX_STAGE_TRIES, PAUSE_MS, type Rules} from '../rules.ts';
import type {In} from '../state.ts';
import {ignore, type Step, stay, timer} from '../step.ts';
import type {On} from './on.ts';

/** The release is prepared in its slot while the host still serves, or, at boot, before it serves at all. */
export const staging: On<'staging'> = (state, event, rules) => {
  switch (event.type) {
    case 'release.staged':
      return staged(state, event, rules);
    case 'release.stage-failed':
      return retry(state, event.cause, event, rules);
    case 'timer.fired':
      if (event.timer === 'retry') return again(state, event, rules);
      return retry(state, reason('stage.timeout', {seconds: rules.stageTimeoutMs / 1000}), event, rules);
    case 'rollout.reverted':
      return turnRound(state, event, rules);
    case 'desired.read':
    case 'operator.retried':
    case 'operator.held':
    case 'operator.rolled-back':
      return state.attempt.purpose === 'boot' ? rethinkBoot(state, event) : withdraw(state, event, rules);
    default:
      return ignore(state, event);
  }
};

const staged = (state: In<'staging'>, stamp: Stamp, rules: Rules): Step => {
  const {attempt, strange} = state;
  if (attempt.purpose !== 'boot') return enterWaiting(state, attempt, stamp);
  return strange
    ? enterDraining(state, {...attempt, tries: 0}, stamp, rules)
    : enterActivating(state, attempt, stamp, rules);
};

const retry = (state: In<'staging'>, cause: Reason, stamp: Stamp, rules: Rules): Step => {
  const tries = state.attempt.tries + 1;
  if (tries >= MAX_STAGE_TRIES) {
    return state.attempt.purpose === 'boot'
      ? stop(state, state.attempt, cause, stamp)
      : giveUp(state, state.attempt, {cause, pauseMs: PAUSE_MS}, stamp, rules);
  }
  const next = {...state, blocked: cause, attempt: {...state.attempt, tries}};
  const afterMs = backoffMs({tries, random: stamp.random, baseMs: 500, capMs: 60_000});
  return stay(next, {type: 'log', level: 'warning', cause}, timer(next, 'retry', afterMs));
};

const again = (state: In<'staging'>, stamp: Stamp, rules: Rules): Step => {
  const [next, effects] = enterStaging(state, state.attempt, stamp, rules);
  if (isInTurn(state)) return [next, effects];
  return [{...next, since: state.since, ...(next.phase === 'staging' && {blocked: state.blocked})}, effects];
};

// A boot that makes progress is not disturbed; one that fails looks at the store again.
const rethinkBoot = (state: In<'staging'>, stamp: Stamp): Step =>
  state.blocked ? enterBooting(state, stamp) : stay(state);
