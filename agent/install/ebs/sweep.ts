import type {Ec2} from '../../host/ec2/ec2.ts';
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

/**
 * Deletes the volumes that terminated instances of the application left behind: a volume attached by us is not deleted with
 * its instance. For one host of the fleet, now and then. Gives how many were deleted.
 */
export const sweepVolumes = async (sweeping: Sweeping, signal: AbortSignal): Promise<number> => {
  const {ec2, app, log} = sweeping;
  const left = (await ec2.volumes(appTags(app), signal)).filter(each => mayBeLeft(sweeping, each));
  let deleted = 0;
  for (const [owner, volumes] of Object.entries(Object.groupBy(left, ownerOf))) {
    const state = await ec2.instanceState(owner, signal);
    if (state !== null && state !== 'terminated') continue;
    for (const {id} of volumes ?? []) {
      await ec2.deleteVolume(id, signal);
      log.info('a volume of a terminated instance is deleted', {volume: id, owner});
      deleted += 1;
    }
  }
  return deleted;
};

const ownerOf = ({tags}: VolumeFacts): string => tags['release-agent:owner'] ?? '';

const mayBeLeft = ({instance, minAgeMs, now}: Sweeping, facts: VolumeFacts): boolean =>
  facts.attachment === null &&
  (facts.state === 'available' || facts.state === 'error') &&
  ownerOf(facts) !== '' &&
  ownerOf(facts) !== instance &&
  now - facts.createdAt >= minAgeMs;
