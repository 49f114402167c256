import {type Reason, reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {SnapshotFacts} from '../../host/ec2/facts.ts';
import type {Context} from './volume/context.ts';

/** Asks EC2 whether a volume may and can be made of the snapshot. Throws one of the `snapshot.*` reasons, `ec2.*`. */
export const checkSnapshot = async (
  {settings, identity, ec2}: Pick<Context, 'settings' | 'identity' | 'ec2'>,
  snapshot: string,
  signal: AbortSignal,
): Promise<void> => {
  const facts = await ec2.snapshot(snapshot, signal);
  const owners = settings.owners.length > 0 ? settings.owners : [identity.account];
  const objection = facts
    ? snapshotObjection(facts, {owners, maxSizeGiB: settings.maxSizeGiB})
    : reason('snapshot.missing', {snapshot, region: identity.region});
  if (objection) throw new ReasonError(objection);
};

/** Why a snapshot is not fit to be installed, null when it is. The owner comes first: of a stranger's nothing else matters. */
export const snapshotObjection = (
  {id, state, progress, owner, tier, sizeGiB}: SnapshotFacts,
  {owners, maxSizeGiB}: {readonly owners: readonly string[]; readonly maxSizeGiB: number},
): Reason | null => {
  const snapshot = id;
  if (!owners.includes(owner)) return reason('snapshot.owner', {snapshot, owner, allowed: owners.join(', ')});
  if (state === 'pending') return reason('snapshot.pending', {snapshot, progress});
  if (state !== 'completed') return reason('snapshot.state', {snapshot, state});
  if (tier === 'archive') return reason('snapshot.archived', {snapshot});
  if (sizeGiB > maxSizeGiB) return reason('snapshot.size', {snapshot, size: sizeGiB, limit: maxSizeGiB});
  return null;
};
