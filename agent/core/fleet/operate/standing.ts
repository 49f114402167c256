/** Where a fleet stands, in one word: what `agentctl fleet` says first, and what `agentctl watch` waits for. */
import {atLeast} from '../../policy/amount.ts';
import {releaseId} from '../../release.ts';
import {sizeOf} from '../capacity.ts';
import {isSpent} from '../failure/verdict.ts';
import type {FleetView} from '../plan.ts';
import {updatedCount} from '../wave.ts';

export type Standing =
  /** no release is asked for */
  | 'idle'
  /** asked for, and not begun: nobody coordinates yet, or a lock is in the way */
  | 'pending'
  | 'rolling'
  /** the part of the fleet that was asked for has the release */
  | 'partial'
  /** every host has the release, and new instances boot it */
  | 'proven'
  /** nothing more begins: as many hosts failed as may */
  | 'halted'
  | 'denied'
  /** the fleet takes itself back, or has */
  | 'reverting'
  | 'reverted';

/** The standing of a fleet that is seen now. */
export const standingOf = (view: FleetView): Standing => {
  const {ledger, desired, hosts, policy} = view;
  const {rollout, permits, proven, denied} = ledger;
  if (!desired) return 'idle';
  if (!rollout || rollout.version !== desired.version) return 'pending';
  const {release, revert} = rollout;
  const isOut = permits.length > 0;
  if (revert) return isOut || hosts.some(({active}) => active === release) ? 'reverting' : 'reverted';
  if (denied.includes(release)) return 'denied';
  const forced = new Set(desired.force ?? []);
  const size = sizeOf({...view, forced});
  if (isSpent(ledger, policy, size)) return 'halted';
  const isEverywhere = hosts.every(({active, instance}) => active === release || forced.has(instance));
  if (proven === release && isEverywhere && !isOut) return 'proven';
  const {share} = desired;
  if (!share || isOut) return 'rolling';
  const quota = Math.max(1, atLeast(share, size));
  return updatedCount(release, hosts, new Set()) >= quota ? 'partial' : 'rolling';
};

/** True while the fleet is, or may be, on its way from one release to another. */
export const isUnderWay = (view: FleetView): boolean => {
  const {desired, ledger} = view;
  if (!desired) return ledger.permits.length > 0;
  return releaseId(desired.release) !== ledger.proven || !['proven', 'reverted'].includes(standingOf(view));
};
