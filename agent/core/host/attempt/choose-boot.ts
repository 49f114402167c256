import {type Reason, reason, reasonText} from '../../reason.ts';
import {type Release, sameRelease} from '../../release.ts';
import type {BootView} from '../event.ts';
import type {State} from '../state.ts';
import {isRejected} from '../why.ts';

export type BootChoice =
  | {readonly ok: true; readonly release: Release; readonly version: string}
  | {readonly ok: false; readonly cause: Reason};

/**
 * What a host that serves nothing boots. Its own active release when the store does not contradict it (or does not
 * answer), else the proven release, else the desired one while nothing is proven, else what it has, else the image's seed.
 * A denied release never; one that just failed here only when there is nothing else; the seed not while the machine is being set up, and
 * the store may yet answer.
 */
export const chooseBoot = (state: State, view: BootView): BootChoice => {
  const allowed = candidates(state, view).filter(
    release => !view.denied.some(denied => sameRelease(denied, release)),
  );
  const version = state.desired?.version ?? '';
  const fresh = allowed.find(release => !failedHere(state, release));
  const release = fresh ?? allowed[0];
  return release ? {ok: true, release, version} : {ok: false, cause: nothingToBoot(view)};
};

const seedOf = ({reachable, settingUp, seed}: BootView): Release | null =>
  !reachable && settingUp ? null : seed;

const candidates = (state: State, view: BootView): readonly Release[] => {
  const {reachable, proven} = view;
  const active = state.active?.release;
  const desired = state.desired?.release;
  const confirmed = !reachable || !proven || sameRelease(active, proven) || sameRelease(active, desired);
  return [
    confirmed ? active : undefined,
    proven,
    desired,
    active,
    state.previous?.release,
    seedOf(view),
  ].filter(release => release !== undefined && release !== null);
};

const failedHere = (state: State, release: Release): boolean =>
  sameRelease(state.rejected?.release, release) &&
  (isRejected(state) || !sameRelease(state.desired?.release, release));

const nothingToBoot = ({cause, desired, seed, settingUp}: BootView): Reason => {
  if (cause) return seed && settingUp ? reason('boot.setting-up', {cause: reasonText(cause)}) : cause;
  return desired && !desired.ok ? desired.refusal : reason('desired.missing', {key: 'desired'});
};
