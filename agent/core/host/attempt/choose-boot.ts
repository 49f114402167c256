import {type Reason, reason, reasonText} from '../../reason.ts';
import {type Release, sameRelease, shortRelease} from '../../release.ts';
import type {BootView} from '../event.ts';
import type {State} from '../state.ts';
import {isRejected} from '../why.ts';

export type BootChoice =
  | {readonly ok: true; readonly release: Release; readonly version: string}
  | {readonly ok: false; readonly cause: Reason};

/**
 * What a host that serves nothing boots. Its own active release when the store does not contradict it (or does not
 * answer), else the proven release, else the desired one while the store says that nothing is proven, else what it has, else the
 * image's seed, and the desired one that is only tried where all of that failed here. A denied release never; one that just failed here
 * only when there is nothing else; the seed not while the machine is being set up, and the store may yet answer.
 */
export const chooseBoot = (state: State, view: BootView): BootChoice => {
  const allowed = candidates(state, view).filter(release => !isAmong(view.denied, release));
  const version = state.desired?.version ?? '';
  const fresh = allowed.find(release => !failedHere(state, release));
  const release = fresh ?? allowed[0];
  return release ? {ok: true, release, version} : {ok: false, cause: nothingToBoot(view)};
};

const seedOf = ({reachable, settingUp, seed}: BootView): Release | null =>
  !reachable && settingUp ? null : seed;

const candidates = (state: State, view: BootView): readonly Release[] => {
  const {reachable, proven, denied} = view;
  const active = state.active?.release;
  const desired = state.desired?.release;
  const asked = reachable ? desired : undefined; // nobody else can say whether it is denied
  const confirmed = !reachable || !proven || sameRelease(active, proven) || sameRelease(active, desired);
  const isTrial = proven !== null && !isAmong(denied, proven);
  return [
    confirmed ? active : undefined,
    proven,
    isTrial ? undefined : asked,
    active,
    state.previous?.release,
    seedOf(view),
    asked,
  ].filter(release => release !== undefined && release !== null);
};

const failedHere = (state: State, release: Release): boolean =>
  sameRelease(state.rejected?.release, release) &&
  (isRejected(state) || !sameRelease(state.desired?.release, release));

const isAmong = (releases: readonly Release[], release: Release): boolean =>
  releases.some(each => sameRelease(each, release));

const nothingToBoot = ({cause, desired, denied, seed, settingUp}: BootView): Reason => {
  if (cause) return seed && settingUp ? reason('boot.setting-up', {cause: reasonText(cause)}) : cause;
  if (desired?.ok && isAmong(denied, desired.desired.release))
    return reason('permit.denied', {release: shortRelease(desired.desired.release)});
  return desired && !desired.ok ? desired.refusal : reason('desired.missing', {key: 'desired'});
};
