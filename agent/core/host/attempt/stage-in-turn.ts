/** Hosts of a large fleet do not stage all at once: each begins at its place in the order in which permits are given. */
import {type Reason, reason} from '../../reason.ts';
import type {Release} from '../../release.ts';
import type {Stamp, Turn} from '../event.ts';
import type {Attempt, In, State} from '../state.ts';
import {common, type Step, timer} from '../step.ts';

/** A moment, and the host's turn among those who are told the same in this moment. */
export interface InTurn extends Stamp {
  readonly turn?: Turn;
}

/**
 * How many hosts begin in a second. EC2 lets a whole account create and attach about five volumes a second (and a hundred at
 * once after a rest); a git server sends the same objects to each.
 */
const PER_SECOND: Readonly<Record<Release['kind'], number>> = {ebs: 4, git: 20, archive: 20};
/** However large the fleet is, its last host begins after this long. */
const LONGEST_MS = 900_000;

/** How long a host of a fleet waits before it stages, ms: evenly by its place. */
export const spreadMs = ({kind}: Release, {place, hosts}: Turn): number =>
  Math.round((place / 2 ** 32) * Math.min(LONGEST_MS, (hosts / PER_SECOND[kind]) * 1_000));

/** Staging that begins in its turn, or null where it begins now. A release whose slot is still here asks nothing of anybody. */
export const enterInTurn = (state: State, attempt: Attempt, {now, turn}: InTurn): Step | null => {
  const {generation, release, slot} = attempt.target;
  const afterMs = turn && state.previous?.slot !== slot ? spreadMs(release, turn) : 0;
  if (!turn || afterMs < 1_000) return null;
  const blocked = reason('stage.spread', {afterMs, hosts: turn.hosts});
  const next: State = {...common(state), phase: 'staging', generation, attempt, blocked, since: now};
  return [next, [timer(next, 'retry', afterMs)]];
};

/** True when the host stages in its turn, which has not come yet. */
export const isInTurn = ({blocked}: {readonly blocked: Reason | null}): boolean =>
  blocked?.kind === 'stage.spread';

/** An agent that was started again waits for the rest of the time; a clock that was set back does not make it longer. */
export const turnAgain = (state: In<'staging'>, {now}: Stamp): Step => {
  const afterMs = Number(state.blocked?.details.afterMs) || 0;
  const left = Math.max(0, Math.min(afterMs, state.since + afterMs - now));
  return [state, [timer(state, 'retry', left)]];
};
