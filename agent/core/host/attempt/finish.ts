/** How attempts end: settled, given up with nothing changed, taken back, or stuck. */

import {backoffMs} from '../../backoff.ts';
import {type Reason, reason, reasonText} from '../../reason.ts';
import type {Stamp} from '../event.ts';
import {MAX_ROLLBACK_TRIES, type Rules} from '../rules.ts';
import type {Attempt, OutcomeResult, State} from '../state.ts';
import {keptSlots, type Step, timer} from '../step.ts';
import {fallbackOf} from './attempt.ts';
import {countEnding, isWornOut} from './begun.ts';
import {consider} from './consider.ts';
import {enterHeld, enterRejoining, enterRollingBack, hide} from './enter.ts';
import type {InTurn} from './stage-in-turn.ts';

/** The attempt is over and the host is in traffic: the permit goes back with the attempt's result. */
export const settle = (state: State, attempt: Attempt, stamp: Stamp, rules: Rules): Step => {
  const begun = attempt.result === 'done' ? null : state.begun;
  return goOn(withOutcome({...state, begun, stuck: 0}, attempt, attempt.result), stamp, rules);
};

/** What a host in traffic does next. Slots that no kept activation needs are pruned: a crash may have ended that before. */
export const goOn = (state: State, stamp: InTurn, rules: Rules): Step => {
  const [next, effects] = consider(state, stamp, rules);
  if (next.phase === 'staging') return [next, effects]; // which prunes first
  return [next, [{type: 'slots.prune', generation: next.generation, keep: keptSlots(next)}, ...effects]];
};

interface GiveUp {
  readonly cause: Reason;
  /** how long the release is left alone, ms; null: until a new desired version or `agentctl retry` */
  readonly pauseMs: number | null;
}

/** Gives an update up before anything was changed; a host that has already left traffic returns to it first. */
export const giveUp = (
  state: State,
  attempt: Attempt,
  {cause, pauseMs}: GiveUp,
  stamp: Stamp,
  rules: Rules,
): Step => {
  const rejected = rejection(attempt, cause, stamp.now, pauseMs === null ? null : stamp.now + pauseMs);
  const next: State = {...state, rejected};
  if (!state.out || !state.active) return settle(next, {...attempt, result: 'unused'}, stamp, rules);
  return enterRejoining(
    next,
    {...attempt, purpose: 'rollback', target: state.active, cause, result: 'unused'},
    stamp,
  );
};

/** A crash of the agent or the host and a full disk are not the release's fault, until it happens again and again (`isWornOut`). */
const HOSTS_OWN: readonly Reason['kind'][] = ['crash.recovered', 'disk.full'];

/** The attempt failed: back to the activation before it; when that was a rollback, the same again a few times. */
export const goBack = (state: State, attempt: Attempt, cause: Reason, stamp: Stamp, rules: Rules): Step => {
  if (attempt.purpose === 'rollback') return goBackAgain(state, attempt, cause, stamp, rules);
  const counted = cause.kind === 'disk.full' ? countEnding(state, attempt.version, 'release') : state;
  const excused = HOSTS_OWN.includes(cause.kind) && !isWornOut(counted, attempt.version);
  const rejected = rejection(attempt, cause, stamp.now, excused ? stamp.now : null);
  const failed: State = {...counted, rejected};
  const fallback = fallbackOf(state, attempt);
  if (!fallback) return stop(failed, attempt, reason('rollback.nothing', {cause: reasonText(cause)}), stamp);
  const target = {...fallback, generation: state.generation + 1};
  const result = excused ? 'unused' : 'rolled-back';
  const back: Attempt = {...attempt, purpose: 'rollback', target, tries: 0, cause, result};
  // Nobody knows whether a boot could leave traffic: not out, it drains before anything changes.
  const out = state.out && attempt.purpose !== 'boot';
  const [next, effects] = enterRollingBack({...failed, out}, back, stamp, rules);
  return [next, [{type: 'log', level: 'error', cause}, ...effects]];
};

const goBackAgain = (state: State, attempt: Attempt, cause: Reason, stamp: Stamp, rules: Rules): Step => {
  const tries = attempt.tries + 1;
  if (tries >= MAX_ROLLBACK_TRIES) {
    return stop(state, attempt, reason('rollback.failed', {cause: reasonText(cause)}), stamp);
  }
  const target = {...attempt.target, generation: state.generation + 1};
  return enterRollingBack(state, {...attempt, target, tries}, stamp, rules);
};

/**
 * Nothing works: the host stays out of traffic and tries again by itself, ever more slowly. The permit stays out. What a booting host
 * found running stays as it is: it may be healthy, and in traffic.
 */
export const stop = (state: State, attempt: Attempt, cause: Reason, stamp: Stamp): Step => {
  const spared = state.strange && attempt.purpose === 'boot';
  const out = state.out || !spared;
  // A rollback that could not even be staged ends where the release that failed still runs, with requests in flight.
  const strange = state.strange || (!state.out && attempt.purpose === 'rollback');
  const stuck = withOutcome({...state, out, strange, stuck: state.stuck + 1}, attempt, 'stuck');
  const [next] = enterHeld(stuck, cause, stamp);
  const afterMs = backoffMs({tries: next.stuck, random: stamp.random, baseMs: 10_000, capMs: 300_000});
  const hidden = spared ? [] : [hide(next)];
  return [next, [{type: 'log', level: 'error', cause}, ...hidden, timer(next, 'retry', afterMs)]];
};

/** The gate passed: the target is the active release, and the one it replaced can be gone back to. */
export const promote = (state: State, {purpose, target}: Attempt): State => {
  if (state.active?.slot === target.slot) return {...state, active: target};
  const previous = purpose === 'rollback' ? null : state.active;
  return {...state, active: target, previous};
};

const rejection = ({target, version}: Attempt, cause: Reason, at: number, retryAt: number | null) => ({
  release: target.release,
  version,
  cause,
  at,
  retryAt,
});

const withOutcome = (state: State, {target, version, cause}: Attempt, result: OutcomeResult): State => {
  if (state.permit === null) return state;
  const release = result === 'done' ? target.release : (state.rejected?.release ?? target.release);
  const outcome = {fence: state.permit, result, release, version, cause};
  return {...state, outcome, permit: result === 'stuck' ? state.permit : null};
};
