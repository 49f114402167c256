import {absent, type Call, type CallOptions, createCall} from './ec2-call.ts';
import {type SnapshotFacts, snapshotFacts, type VolumeFacts} from './ec2-facts.ts';
import {volumeCalls} from './ec2-volumes.ts';

export interface NewVolume {
  readonly snapshot: string;
  readonly zone: string;
  readonly type: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** at most 64 ASCII characters; the same one gives the same volume again */
  readonly token: string;
}

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
  attachVolume(
    request: {volume: string; instance: string; device: string},
    signal: AbortSignal,
  ): Promise<void>;
  detachVolume(request: {volume: string; instance: string}, signal: AbortSignal): Promise<void>;
  deleteVolume(id: string, signal: AbortSignal): Promise<void>;
  /** pending, running, shutting-down, terminated, stopping, stopped; null when EC2 does not know the instance (any more). */
  instanceState(id: string, signal: AbortSignal): Promise<string | null>;
}

export type Ec2Options = CallOptions;

/** An EC2 client for one region; credentials come from the SDK's default chain (environment, files, IMDS). */
export const createEc2 = (options: Ec2Options): Ec2 => {
  const call = createCall(options);
  return {...snapshotCalls(call), ...volumeCalls(call), ...attachmentCalls(call), ...instanceCalls(call)};
};

const snapshotCalls = (call: Call): Pick<Ec2, 'snapshot'> => ({
  snapshot: (id, signal) => {
    const ask = call(
      'DescribeSnapshots',
      (sdk, client, how) => client.send(new sdk.DescribeSnapshotsCommand({SnapshotIds: [id]}), how),
      signal,
    );
    return absent(
      'InvalidSnapshot.NotFound',
      ask.then(({Snapshots: [snapshot] = []}) => (snapshot ? snapshotFacts(snapshot) : null)),
    );
  },
});

const attachmentCalls = (call: Call): Pick<Ec2, 'attachVolume' | 'detachVolume'> => ({
  attachVolume: ({volume, instance, device}, signal) => {
    const request = {VolumeId: volume, InstanceId: instance, Device: device};
    return call(
      'AttachVolume',
      async (sdk, client, how) => void (await client.send(new sdk.AttachVolumeCommand(request), how)),
      signal,
    );
  },
  detachVolume: ({volume, instance}, signal) => {
    const request = {VolumeId: volume, InstanceId: instance};
    return call(
      'DetachVolume',
      async (sdk, client, how) => void (await client.send(new sdk.DetachVolumeCommand(request), how)),
      signal,
    );
  },
});

const instanceCalls = (call: Call): Pick<Ec2, 'instanceState'> => ({
  instanceState: (id, signal) => {
    const ask = call(
      'DescribeInstances',
      (sdk, client, how) => client.send(new sdk.DescribeInstancesCommand({InstanceIds: [id]}), how),
      signal,
    );
    return absent(
      'InvalidInstanceID.NotFound',
      ask.then(({Reservations: [first] = []}) => first?.Instances?.[0]?.State?.Name ?? null),
    );
  },
});
