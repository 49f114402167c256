import {reason} from '../../reason.ts';
import {sameRelease} from '../../release.ts';
import type {Rules} from '../rules.ts';
import type {State} from '../state.ts';
import type {Step} from '../step.ts';
import {holdReason, isRejected} from '../why.ts';
import {newAttempt} from './attempt.ts';
import {endingsOf, isWornOut} from './begun.ts';
import {enterHeld, enterServing, enterStaging} from './enter.ts';
import {enterInTurn, type InTurn} from './stage-in-turn.ts';

/** What a serving host does next: hold, follow the desired release, or go on serving. */
export const consider = (state: State, stamp: InTurn, rules: Rules): Step => {
  if (state.hold) return enterHeld(state, holdReason(state.hold), stamp);
  const {desired, active} = state;
  if (!desired || sameRelease(desired.release, active?.release) || isRejected(state)) {
    return enterServing(state, stamp);
  }
  const {release, version} = desired;
  if (isWornOut(state, version)) {
    const cause =
      state.rejected?.cause ?? reason('release.begun-too-often', {count: endingsOf(state, version)});
    return enterServing({...state, rejected: {release, version, cause, at: stamp.now, retryAt: null}}, stamp);
  }
  const attempt = newAttempt(state, {purpose: 'update', release, version, result: 'done'});
  const next = {...state, rejected: null};
  return enterInTurn(next, attempt, stamp) ?? enterStaging(next, attempt, stamp, rules);
};
