import type {Snapshot, Volume} from '@aws-sdk/client-ec2';
import {quote} from '../../core/quote.ts';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';

export interface SnapshotFacts {
  readonly id: string;
  readonly state: string;
  readonly progress: string;
  readonly owner: string;
  readonly tier: string;
  readonly sizeGiB: number;
}

export interface VolumeFacts {
  readonly id: string;
  /** creating, available, in-use, deleting, deleted, error */
  readonly state: string;
  readonly zone: string;
  readonly snapshot: string;
  readonly tags: Readonly<Record<string, string>>;
  /** milliseconds since the epoch */
  readonly createdAt: number;
  readonly attachment: {readonly instance: string; readonly device: string; readonly state: string} | null;
}

const VOLUME = /^vol-[0-9a-f]{8,17}$/;

/** What we use of a snapshot. Throws `ec2.answer` when a field it must have is not there. */
export const snapshotFacts = ({
  SnapshotId,
  State,
  Progress,
  OwnerId,
  StorageTier,
  VolumeSize,
}: Snapshot): SnapshotFacts => {
  if (!SnapshotId || !State || !OwnerId || !isSize(VolumeSize))
    throw unexpected(
      'DescribeSnapshots',
      'an id, a state, an owner and a size',
      quote(JSON.stringify({SnapshotId, State, OwnerId, VolumeSize})),
    );
  return {
    id: SnapshotId,
    state: State,
    progress: Progress ?? '?',
    owner: OwnerId,
    tier: StorageTier ?? 'standard',
    sizeGiB: VolumeSize,
  };
};

/** What we use of a volume; its attachment is the first one (ours is never attached to several instances). */
export const volumeFacts = (volume: Volume): VolumeFacts => {
  const {State, AvailabilityZone, SnapshotId = '', CreateTime, Tags = [], Attachments = []} = volume;
  const [attachment] = Attachments.filter(each => each.State !== 'detached');
  if (State === undefined || AvailabilityZone === undefined)
    throw unexpected(
      'DescribeVolumes',
      'a state and a zone',
      quote(JSON.stringify({State, AvailabilityZone})),
    );
  return {
    id: volumeId('DescribeVolumes', volume.VolumeId),
    state: State,
    zone: AvailabilityZone,
    snapshot: SnapshotId,
    tags: Object.fromEntries(Tags.flatMap(({Key, Value}) => (Key === undefined ? [] : [[Key, Value ?? '']]))),
    createdAt: timeOf(CreateTime),
    attachment: attachment
      ? {
          instance: attachment.InstanceId ?? '',
          device: attachment.Device ?? '',
          state: attachment.State ?? 'attaching',
        }
      : null,
  };
};

/** A volume id that EC2 answered, checked. */
export const volumeId = (action: string, id: string | undefined): string => {
  if (id !== undefined && VOLUME.test(id)) return id;
  throw unexpected(action, 'a volume id', quote(String(id)));
};

// The SDK gives NaN, and a date that is none, for what it cannot read.
const isSize = (size: number | undefined): size is number => Number.isSafeInteger(size) && Number(size) > 0;
const timeOf = (time: Date | undefined): number => {
  const at = time?.getTime() ?? Number.NaN;
  return Number.isFinite(at) ? at : Date.now();
};

/** The list that an answer must have, were it empty: a page of somebody else's (a proxy, a portal) answers nothing at all. */
export const listed = <T>(action: string, list: readonly T[] | undefined): readonly T[] => {
  if (list !== undefined) return list;
  throw unexpected(action, 'a list', 'an answer without one');
};

const unexpected = (action: string, expected: string, got: string): ReasonError =>
  new ReasonError(reason('ec2.answer', {action, expected, got}));
