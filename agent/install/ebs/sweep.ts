import {type Reason, reason, reasonText} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import type {Ec2} from '../../host/ec2/ec2.ts';
import {refusalCode} from '../../host/ec2/error.ts';
import type {VolumeFacts} from '../../host/ec2/facts.ts';
import type {Log} from '../../ports.ts';
import {appTags} from './volume/tags.ts';

export interface Sweeping {
  readonly ec2: Ec2;
  readonly app: string;
  /** this instance: its own volumes are prune's */
  readonly instance: string;
  /** younger volumes are left: their instance may be too new for EC2 to know it everywhere */
  readonly minAgeMs: number;
  readonly now: number;
  readonly log: Log;
}

/** EC2 itself is the problem: whatever is left would only wait for it once more. */
const HOPELESS: ReadonlySet<Reason['kind']> = new Set(['ec2.unreachable', 'ec2.throttled']);

/**
 * Deletes the volumes that terminated instances of the application left behind: a volume attached by us is not deleted with
 * its instance. Any host may do it, several at once as well. Gives how many were deleted. Goes on past a volume or an instance that
 * EC2 refuses, and throws `volumes.left` with the first refusal at the end.
 */
export const sweepVolumes = async (sweeping: Sweeping, signal: AbortSignal): Promise<number> => {
  const {ec2, app} = sweeping;
  const left = (await ec2.volumes(appTags(app), signal)).filter(each => mayBeLeft(sweeping, each));
  const done = {deleted: 0, refused: [] as {volume: string; cause: Reason}[]};
  for (const [owner, volumes] of Object.entries(Object.groupBy(left, ownerOf)))
    await sweepOwner(sweeping, {owner, volumes: volumes ?? [], done}, signal);
  const [first] = done.refused;
  if (!first) return done.deleted;
  throw new ReasonError(
    reason('volumes.left', {
      count: done.refused.length,
      volume: first.volume,
      cause: reasonText(first.cause),
    }),
  );
};

interface Owned {
  readonly owner: string;
  readonly volumes: readonly VolumeFacts[];
  readonly done: {deleted: number; readonly refused: {volume: string; cause: Reason}[]};
}

const sweepOwner = async (
  {ec2, log}: Sweeping,
  {owner, volumes, done}: Owned,
  signal: AbortSignal,
): Promise<void> => {
  for (const {id} of volumes) {
    try {
      const state = await ec2.instanceState(owner, signal);
      if (state !== null && state !== 'terminated') return;
      await ec2.deleteVolume(id, signal);
      log.info('a volume of a terminated instance is deleted', {volume: id, owner});
      done.deleted += 1;
    } catch (error) {
      signal.throwIfAborted();
      // another host was quicker
      if (refusalCode(error) === 'InvalidVolume.NotFound') continue;
      const cause = reasonOf(error);
      if (HOPELESS.has(cause.kind)) throw error;
      done.refused.push({volume: id, cause});
    }
  }
};

const ownerOf = ({tags}: VolumeFacts): string => tags['release-agent:owner'] ?? '';

const mayBeLeft = ({instance, minAgeMs, now}: Sweeping, facts: VolumeFacts): boolean =>
  facts.attachment === null &&
  (facts.state === 'available' || facts.state === 'error') &&
  ownerOf(facts) !== '' &&
  ownerOf(facts) !== instance &&
  now - facts.createdAt >= minAgeMs;
