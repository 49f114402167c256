import {sameRelease} from '../../release.ts';
import type {Event} from '../event.ts';
import type {Rules} from '../rules.ts';
import type {In} from '../state.ts';
import {attemptOf, type Step, stay} from '../step.ts';
import {newAttempt} from './attempt.ts';
import {enterStaging} from './enter.ts';
import {goOn} from './finish.ts';

type Reverted = Event & {readonly type: 'rollout.reverted'};

/**
 * The fleet takes a release back. A host that runs it goes to the one the fleet returns to, when it has a permit; one that prepares it
 * stops; none begins it again for this desired version. A host that is held stays where it is, and one that boots looks for itself.
 */
export const turnRound = (
  state: In<'serving'> | In<'staging'> | In<'waiting'>,
  event: Reverted,
  rules: Rules,
): Step => {
  const {version, release, to, cause, now} = event;
  const attempt = attemptOf(state);
  if (state.hold || attempt?.purpose === 'boot' || state.desired?.version !== version) return stay(state);
  const prepares = attempt !== null && sameRelease(attempt.target.release, release);
  if (attempt !== null && !prepares) return stay(state);
  const rejected = {release, version, cause, at: now, retryAt: null};
  const next = {...state, rejected};
  if (!sameRelease(state.active?.release, release)) return goOn(next, event, rules);
  const back = newAttempt(state, {purpose: 'update', release: to, version, result: 'done'});
  return enterStaging(next, {...back, cause}, event, rules);
};
