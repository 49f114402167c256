/** To which release promote, revert and unify lead, or why they lead nowhere. */
import {releaseId, shortId} from '../../release.ts';
import type {FleetView} from '../plan.ts';
import {isUnderWay, standingOf} from './standing.ts';

export type Target =
  | {readonly ok: true; readonly release: string; readonly message?: string}
  | {readonly ok: false; readonly text: string};

const refuse = (text: string): Target => ({ok: false, text});

/** The release of the partial rollout, for everybody. */
export const promotedFrom = (view: FleetView): Target => {
  const {desired} = view;
  if (!desired) return refuse('no release is asked for: there is nothing to promote');
  const release = releaseId(desired.release);
  if (desired.share === undefined)
    return refuse(`${shortId(release)} is asked for on every host already: there is no share to promote`);
  const standing = standingOf(view);
  if (standing !== 'partial' && standing !== 'rolling' && standing !== 'pending')
    return refuse(`the rollout of ${shortId(release)} is ${standing}: it is not promoted`);
  return {ok: true, release, ...(desired.message !== undefined && {message: desired.message})};
};

/** What is proven in another channel, and in nothing but rest. `from` and `to` are `app/channel`. */
export const carriedFrom = (source: FleetView, from: string, there: FleetView, to: string): Target => {
  const {proven} = source.ledger;
  if (proven === null) return refuse(`nothing is proven in ${from}: there is nothing to promote`);
  if (isUnderWay(source))
    return refuse(
      `a rollout is under way in ${from} (${shortId(askedIn(source) ?? proven)}): what is proven there may be on its way out`,
    );
  const {desired} = there;
  if (desired && releaseId(desired.release) === proven && desired.share === undefined)
    return refuse(`${to} is asked for ${shortId(proven)} already`);
  return {ok: true, release: proven, message: `proven in ${from}`};
};

/** What is proven while a rollout is under way; else what was proven before. */
export const revertedTo = (view: FleetView): Target => {
  const {proven, previous} = view.ledger;
  const asked = askedIn(view);
  if (asked !== null && asked !== proven)
    return proven === null
      ? refuse('nothing is proven yet: there is no release to go back to')
      : {ok: true, release: proven, message: `back from ${shortId(asked)}`};
  if (proven !== null && isUnderWay(view))
    return refuse(`the fleet is on its way to ${shortId(proven)} already, which is proven`);
  if (previous === null) return refuse('no other release was proven before: there is none to go back to');
  return {ok: true, release: previous, ...(proven !== null && {message: `back from ${shortId(proven)}`})};
};

/** One release for every host. `given`: a full id; null: the proven one. */
export const unifiedOn = (view: FleetView, given: string | null): Target => {
  const release = given ?? view.ledger.proven;
  if (release === null) return refuse('nothing is proven yet: name the release');
  const isAsked = askedIn(view) === release && view.desired?.share === undefined;
  if (isAsked && view.hosts.every(({active}) => active === release))
    return refuse(`every host runs ${shortId(release)} already`);
  if (isAsked)
    return refuse(
      `every host is asked for ${shortId(release)} already: "agentctl watch" shows how far it is`,
    );
  return {ok: true, release, message: 'one release for every host'};
};

const askedIn = ({desired}: FleetView): string | null => desired && releaseId(desired.release);
