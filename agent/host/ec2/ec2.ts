import {absent, type Call, type CallOptions, createCall} from './call.ts';
import type {SnapshotFacts, VolumeFacts} from './facts.ts';
import type {Attachment, NewVolume, RestoreQuery, VolumePage} from './requests.ts';

/**
 * The calls we make. All throw `ec2.refused` (with EC2's code), `ec2.throttled`, `ec2.unreachable` or `ec2.answer`;
 * what EC2 does not know is null.
 */
export interface Ec2 {
  snapshot(id: string, signal: AbortSignal): Promise<SnapshotFacts | null>;
  /** Gives the id of the volume, which may still be `creating`, or have failed since a first call with this token. */
  createVolume(volume: NewVolume, signal: AbortSignal): Promise<string>;
  volume(id: string, signal: AbortSignal): Promise<VolumeFacts | null>;
  /** Volumes that have all of these tags. */
  volumes(tags: Readonly<Record<string, string>>, signal: AbortSignal): Promise<readonly VolumeFacts[]>;
  attachVolume(request: Attachment, signal: AbortSignal): Promise<void>;
  detachVolume(request: Omit<Attachment, 'device'>, signal: AbortSignal): Promise<void>;
  deleteVolume(id: string, signal: AbortSignal): Promise<void>;
  /** pending, running, shutting-down, terminated, stopping, stopped; null when EC2 does not know the instance (any more). */
  instanceState(id: string, signal: AbortSignal): Promise<string | null>;
  /** Fast snapshot restore in a zone: enabling, optimizing, enabled, disabling, disabled; null when there never was one. */
  fastRestore(query: RestoreQuery, signal: AbortSignal): Promise<string | null>;
  /** No call is made any more: what makes them ends before the agent does. */
  close(): Promise<void>;
}

export type Ec2Options = CallOptions;

const PAGES = 40;

/** An EC2 client for one region. A process of its own makes the calls (ec2-channel.ts); it finds the credentials too. */
export const createEc2 = (options: Ec2Options): Ec2 => {
  const {call, close} = createCall(options);
  return {
    snapshot: (id, signal) => absent('InvalidSnapshot.NotFound', call('DescribeSnapshots', id, signal)),
    createVolume: (volume, signal) => call('CreateVolume', volume, signal),
    volume: (id, signal) => {
      const ask = call('DescribeVolumes', {id}, signal);
      return absent(
        'InvalidVolume.NotFound',
        ask.then(({volumes: [volume]}) => volume ?? null),
      );
    },
    volumes: (tags, signal) => withTags(call, tags, signal),
    attachVolume: async (request, signal) => void (await call('AttachVolume', request, signal)),
    detachVolume: async (request, signal) => void (await call('DetachVolume', request, signal)),
    deleteVolume: async (id, signal) => void (await call('DeleteVolume', id, signal)),
    instanceState: (id, signal) =>
      absent('InvalidInstanceID.NotFound', call('DescribeInstances', id, signal)),
    fastRestore: (query, signal) => call('DescribeFastSnapshotRestores', query, signal),
    close,
  };
};

/** All pages. */
const withTags = async (
  call: Call,
  tags: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly VolumeFacts[]> => {
  const found: VolumeFacts[] = [];
  let next: string | null = null;
  for (let page = 0; page === 0 || (next !== null && page < PAGES); page++) {
    const answer: VolumePage = await call('DescribeVolumes', {tags, next}, signal);
    found.push(...answer.volumes);
    next = answer.next;
  }
  return found;
};
