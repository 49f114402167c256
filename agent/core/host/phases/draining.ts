import {backoffMs} from '../../backoff.ts';
import {type Reason, reason} from '../../reason.ts';
import {enterActivating, leave} from '../attempt/enter.ts';
import {giveUp, stop} from '../attempt/finish.ts';
import type {Stamp} from '../event.ts';
import {MAX_LEAVE_TRIES, PAUSE_MS, type Rules} from '../rules.ts';
import type {In} from '../state.ts';
import {ignore, type Step, stay, timer} from '../step.ts';
import type {On} from './on.ts';

/** Out of traffic: first no new requests, then the end of those in flight, or the deadline. */
export const draining: On<'draining'> = (state, event, rules) => {
  switch (event.type) {
    case 'traffic.left':
      return measure(state, rules);
    case 'traffic.leave-failed':
      return leaveFailed(state, event.cause, event, rules);
    case 'drain.ended':
      return begin({...state, cut: event.cut}, event, rules);
    case 'timer.fired':
      return timedOut(state, event.timer === 'retry', event, rules);
    case 'operator.rolled-back':
      return giveUpByOperator(state, event.by, event, rules);
    case 'desired.read':
    case 'operator.held':
      return stay(state);
    default:
      return ignore(state, event);
  }
};

// Nothing was changed yet: the host returns to traffic as it is.
const giveUpByOperator = (state: In<'draining'>, by: string, stamp: Stamp, rules: Rules): Step =>
  state.attempt.purpose === 'update'
    ? giveUp(state, state.attempt, {cause: reason('operator.rollback', {by}), pauseMs: null}, stamp, rules)
    : stay(state);

const measure = (state: In<'draining'>, rules: Rules): Step => {
  const next: In<'draining'> = {...state, step: 'measuring'};
  return stay(next, {type: 'traffic.drain', generation: next.generation, timeoutMs: rules.drainTimeoutMs});
};

// From here on something changes.
const begin = (state: In<'draining'>, stamp: Stamp, rules: Rules): Step =>
  enterActivating(state, {...state.attempt, tries: 0}, stamp, rules);

const leaveFailed = (state: In<'draining'>, cause: Reason, stamp: Stamp, rules: Rules): Step => {
  const tries = state.attempt.tries + 1;
  if (tries < MAX_LEAVE_TRIES) {
    const next = {...state, attempt: {...state.attempt, tries}};
    const afterMs = backoffMs({tries, random: stamp.random, baseMs: 250, capMs: 2_000});
    return stay(next, {type: 'log', level: 'warning', cause}, timer(next, 'retry', afterMs));
  }
  return cannotLeave(state, cause, stamp, rules);
};

const cannotLeave = (state: In<'draining'>, cause: Reason, stamp: Stamp, rules: Rules): Step => {
  const attempt = {...state.attempt, tries: 0};
  switch (attempt.purpose) {
    case 'rollback': // what is being taken back is unhealthy: cutting its connections is the lesser harm
      return begin(state, stamp, rules);
    case 'boot': // what runs may be healthy, whatever it is
      return stop(state, attempt, cause, stamp);
    case 'update':
      return giveUp(state, attempt, {cause, pauseMs: PAUSE_MS}, stamp, rules);
  }
};

const timedOut = (state: In<'draining'>, retry: boolean, stamp: Stamp, rules: Rules): Step => {
  if (retry) return [state, leave(state, rules)];
  if (state.step === 'measuring') return begin(state, stamp, rules);
  const cause = reason('traffic.failed', {
    adapter: 'traffic',
    action: 'leave',
    cause: 'no answer before the deadline',
  });
  return cannotLeave(state, cause, stamp, rules);
};
