import type {EC2Client, Filter, VolumeType} from '@aws-sdk/client-ec2';
import {refusalCode} from './ec2-error.ts';
import {type SnapshotFacts, snapshotFacts, type VolumeFacts, volumeFacts, volumeId} from './ec2-facts.ts';
import {withRetries} from './ec2-retry.ts';

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

export interface Ec2Options {
  readonly region: string;
  readonly endpoint?: string;
  /** bounds each call with all its tries */
  readonly deadlineMs?: number;
  readonly tryMs?: number;
}

type Sdk = typeof import('./ec2-sdk.ts');
type Call = <T>(
  action: string,
  send: (sdk: Sdk, client: EC2Client, abortSignal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
) => Promise<T>;

const PAGE = 500;
const PAGES = 40;

/** An EC2 client whose SDK is loaded at the first call: a host that installs from git never pays for it. */
export const createEc2 = (options: Ec2Options): Ec2 => {
  const call = caller(options);
  return {
    ...snapshotCalls(call),
    ...volumeCalls(call),
    ...attachmentCalls(call),
    instanceState: (id, signal) =>
      absent('InvalidInstanceID.NotFound', () =>
        call(
          'DescribeInstances',
          async (sdk, client, abortSignal) => {
            const answer = await client.send(new sdk.DescribeInstancesCommand({InstanceIds: [id]}), {
              abortSignal,
            });
            return answer.Reservations?.[0]?.Instances?.[0]?.State?.Name ?? null;
          },
          signal,
        ),
      ),
  };
};

const caller = ({region, endpoint, deadlineMs = 300_000, tryMs = 10_000}: Ec2Options): Call => {
  let loaded: Promise<readonly [Sdk, EC2Client]> | undefined;
  const load = async () => {
    const sdk = await import('./ec2-sdk.ts');
    // one try per send: pauses and deadlines are ours
    return [
      sdk,
      new sdk.EC2Client({region, maxAttempts: 1, ...(endpoint !== undefined && {endpoint})}),
    ] as const;
  };
  return async (action, send, signal) => {
    loaded ??= load();
    const [sdk, client] = await loaded;
    return withRetries(abort => send(sdk, client, abort), {action, deadlineMs, tryMs}, signal);
  };
};

const snapshotCalls = (call: Call): Pick<Ec2, 'snapshot'> => ({
  snapshot: (id, signal) =>
    absent('InvalidSnapshot.NotFound', () =>
      call(
        'DescribeSnapshots',
        async (sdk, client, abortSignal) => {
          const answer = await client.send(new sdk.DescribeSnapshotsCommand({SnapshotIds: [id]}), {
            abortSignal,
          });
          const [snapshot] = answer.Snapshots ?? [];
          return snapshot ? snapshotFacts(snapshot) : null;
        },
        signal,
      ),
    ),
});

const volumeCalls = (call: Call): Pick<Ec2, 'createVolume' | 'volume' | 'volumes' | 'deleteVolume'> => ({
  createVolume: ({snapshot, zone, type, iops, throughput, tags, token}, signal) =>
    call(
      'CreateVolume',
      async (sdk, client, abortSignal) => {
        const command = new sdk.CreateVolumeCommand({
          SnapshotId: snapshot,
          AvailabilityZone: zone,
          VolumeType: type as VolumeType,
          ClientToken: token,
          // at creation: a tag set later is missing after a crash in between, and nobody would own the volume
          TagSpecifications: [
            {ResourceType: 'volume', Tags: Object.entries(tags).map(([Key, Value]) => ({Key, Value}))},
          ],
          ...(iops !== undefined && {Iops: iops}),
          ...(throughput !== undefined && {Throughput: throughput}),
        });
        return volumeId('CreateVolume', (await client.send(command, {abortSignal})).VolumeId);
      },
      signal,
    ),
  volume: (id, signal) =>
    absent('InvalidVolume.NotFound', () =>
      call(
        'DescribeVolumes',
        async (sdk, client, abortSignal) => {
          const answer = await client.send(new sdk.DescribeVolumesCommand({VolumeIds: [id]}), {abortSignal});
          const [volume] = answer.Volumes ?? [];
          return volume ? volumeFacts(volume) : null;
        },
        signal,
      ),
    ),
  volumes: async (tags, signal) => {
    const filters: Filter[] = Object.entries(tags).map(([key, value]) => ({
      Name: `tag:${key}`,
      Values: [value],
    }));
    const found: VolumeFacts[] = [];
    let token: string | undefined;
    for (let page = 0; page < PAGES; page++) {
      const answer = await call(
        'DescribeVolumes',
        (sdk, client, abortSignal) =>
          client.send(
            new sdk.DescribeVolumesCommand({
              Filters: filters,
              MaxResults: PAGE,
              ...(token !== undefined && {NextToken: token}),
            }),
            {abortSignal},
          ),
        signal,
      );
      found.push(...(answer.Volumes ?? []).map(volumeFacts));
      token = answer.NextToken;
      if (!token) break;
    }
    return found;
  },
  deleteVolume: (id, signal) =>
    call(
      'DeleteVolume',
      async (sdk, client, abortSignal) => {
        await client.send(new sdk.DeleteVolumeCommand({VolumeId: id}), {abortSignal});
      },
      signal,
    ),
});

const attachmentCalls = (call: Call): Pick<Ec2, 'attachVolume' | 'detachVolume'> => ({
  attachVolume: ({volume, instance, device}, signal) =>
    call(
      'AttachVolume',
      async (sdk, client, abortSignal) => {
        const command = new sdk.AttachVolumeCommand({VolumeId: volume, InstanceId: instance, Device: device});
        await client.send(command, {abortSignal});
      },
      signal,
    ),
  detachVolume: ({volume, instance}, signal) =>
    call(
      'DetachVolume',
      async (sdk, client, abortSignal) => {
        await client.send(new sdk.DetachVolumeCommand({VolumeId: volume, InstanceId: instance}), {
          abortSignal,
        });
      },
      signal,
    ),
});

/** Null instead of the refusal that says "there is none". */
const absent = async <T>(code: string, ask: () => Promise<T | null>): Promise<T | null> => {
  try {
    return await ask();
  } catch (error) {
    if (refusalCode(error) === code) return null;
    throw error;
  }
};
