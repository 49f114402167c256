import {type Reason, reason, reasonText} from '../reason.ts';
import {releaseId, sameRelease, shortRelease} from '../release.ts';
import type {Hold, State} from './state.ts';
import type {HostStatus} from './status.ts';
import {attemptOf} from './step.ts';

/** Why this host is not where it should be; null when it is, or when it is on its way without a hitch. */
export const whyNot = (state: State): Reason | null => {
  if ('blocked' in state && state.blocked) return state.blocked;
  if (state.phase === 'held') return state.cause;
  const attempt = attemptOf(state);
  if (attempt?.purpose === 'rollback' && attempt.cause) return attempt.cause;
  if (state.refusal) return state.refusal;
  return state.phase === 'serving' && (isRejected(state) || isPaused(state)) ? rejectedReason(state) : null;
};

const isPaused = ({rejected, desired, active}: State): boolean =>
  rejected !== null && desired !== null && !sameRelease(desired.release, active?.release);

const rejectedReason = ({rejected}: State): Reason | null =>
  rejected &&
  reason(rejected.retryAt === null ? 'release.rejected-here' : 'release.paused-here', {
    release: shortRelease(rejected.release),
    cause: reasonText(rejected.cause),
  });

/**
 * True when the desired release failed here and is left alone. A new desired version never is. When a pause is over is told by
 * its timer: clocks jump.
 */
export const isRejected = ({desired, rejected}: State): boolean =>
  desired !== null &&
  rejected !== null &&
  rejected.version === desired.version &&
  sameRelease(rejected.release, desired.release) &&
  !(rejected.retryAt !== null && rejected.retryAt <= rejected.at);

/** The reason of an operator's hold. */
export const holdReason = ({by, note}: Hold): Reason => reason('operator.hold', {by, note});

/** True when the host is in traffic with an active release that passed its gate. */
export const isServing = (state: State): boolean => {
  if (state.out || !state.active) return false;
  switch (state.phase) {
    case 'staging':
    case 'waiting':
      return state.attempt.purpose === 'update';
    case 'serving':
    case 'baking':
      return true;
    case 'held':
      return state.cause.kind === 'operator.hold';
    default:
      return false;
  }
};

interface Self {
  readonly instance: string;
  readonly zone: string;
  readonly role: string;
  readonly canary?: boolean;
  readonly agent: string;
}

/** What is wrong with a host besides its state. */
interface Problems {
  /** the last answer of its probes while it serves */
  readonly unhealthy: Reason | null;
  /** why it can begin nothing: its journal cannot be written, or it shuts down */
  readonly unable: Reason | null;
}

/** What this host says of itself in the store. One that can begin nothing wants no permit. */
export const statusOf = (state: State, self: Self, {unhealthy, unable}: Problems): HostStatus => {
  const waiting = state.phase === 'waiting' && unable === null ? state.attempt : null;
  const {outcome} = state;
  return {
    format: 1,
    ...self,
    phase: state.phase,
    serving: isServing(state) && unhealthy === null,
    active: state.active && releaseId(state.active.release),
    previous: state.previous && releaseId(state.previous.release),
    wants: waiting && {release: releaseId(waiting.target.release), version: waiting.version},
    permit: state.permit,
    outcome: outcome && {...outcome, release: releaseId(outcome.release)},
    reason: unable ?? whyNot(state) ?? unhealthy,
    since: state.since,
  };
};
