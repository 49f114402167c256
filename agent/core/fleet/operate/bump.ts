/** A new desired release: what is written, and what speaks against it. */
import type {Desired} from '../../desired.ts';
import {readDesired} from '../../desired.ts';
import {type Amount, amountText} from '../../policy/amount.ts';
import type {Policy} from '../../policy/policy.ts';
import {type Reason, reason} from '../../reason.ts';
import {releaseId, shortId, shortRelease} from '../../release.ts';
import {utcText} from '../../utc.ts';
import type {Ledger} from '../ledger.ts';
import type {Lock} from '../stops.ts';
import {isSameOperator} from './operator.ts';

export interface Bump {
  /** a full id */
  readonly release: string;
  readonly by: string;
  readonly message?: string;
  /** as operators write it: a count or `10%` */
  readonly share?: number | string;
  readonly force?: readonly string[];
}

/** The `desired` document of a bump. `at`: an ISO date; it makes the same request, said again, another document. */
export const bumpDocument = ({release, by, message, share, force = []}: Bump, at: string): string => {
  const more = {
    ...(message !== undefined && {message}),
    ...(share !== undefined && {share}),
    ...(force.length > 0 && {force}),
  };
  return `${JSON.stringify({release, by, ...more, at})}\n`;
};

export interface Ground {
  readonly ledger: Ledger;
  readonly policy: Policy;
  readonly lock: Lock | null;
}

/** What is asked for now. */
export interface Asked extends Omit<Bump, 'release' | 'by' | 'force'> {
  readonly release: string | null;
  readonly by?: string;
}

/** Why a bump would come to nothing: somebody else's lock, a denied release, a message that is missing. */
export const objectionsTo = (
  {release, by, message}: Bump,
  {ledger, policy, lock}: Ground,
): readonly Reason[] => {
  const short = shortId(release);
  const isBack = release === ledger.proven || release === ledger.previous;
  return [
    ...(lock && !isSameOperator(lock.by, by) ? [lockedBy(lock)] : []),
    ...(ledger.denied.includes(release) ? [reason('permit.denied', {release: short})] : []),
    ...(policy.requireMessage && !message?.trim() && !isBack
      ? [reason('permit.message', {release: short})]
      : []),
  ];
};

/** The reason that a lock is. */
export const lockedBy = ({by, why, at}: Lock): Reason =>
  reason('permit.locked', {by, why, since: at === null ? '' : utcText(at)});

/** A rollout to another release, begun by somebody else, that a bump would end: in words, or null. */
export const endedBy = (
  {release, by}: Pick<Bump, 'release' | 'by'>,
  asked: Asked | null,
  proven: string | null,
): string | null => {
  if (!asked || asked.release === null || asked.release === release || asked.release === proven) return null;
  if (isSameOperator(asked.by, by)) return null;
  const said = asked.message === undefined ? '' : ` ("${asked.message}")`;
  const part = asked.share === undefined ? '' : ` to ${hostsText(asked.share)} of the fleet`;
  return `The rollout of ${shortId(asked.release)}${part}${said}, which ${asked.by ?? 'somebody'} began and which is not proven, ends with that.`;
};

/** A share in words: `10%`, `3 hosts`. */
export const hostsText = (share: number | string): string =>
  typeof share === 'string' ? share : share === 1 ? '1 host' : `${share} hosts`;

/** The desired release as it is asked for. */
export const askedOf = ({release, by, message, share}: Desired): Asked => ({
  release: releaseId(release),
  ...(by !== undefined && {by}),
  ...(message !== undefined && {message}),
  ...(share !== undefined && {share: shareOf(share)}),
});

/** What the key says instead of what was seen of it, for whoever wrote too late. */
export const saysMeanwhile = (
  key: string,
  entry: {readonly value: string; readonly version: string} | null,
): string => {
  if (!entry) return `${key} is gone meanwhile`;
  const reading = readDesired(entry.value, entry.version);
  if (!reading.ok) return `${key} was changed meanwhile, to what nobody can read`;
  const {release, by} = reading.desired;
  return `${key} asks for ${shortRelease(release)} meanwhile${by === undefined ? '' : `, by ${by}`}`;
};

/** The share as a document holds it: a whole number, or a percentage. */
export const shareOf = (amount: Amount): number | string =>
  'count' in amount ? amount.count : amountText(amount);
