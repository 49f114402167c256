/** The EC2 actions that the worker makes: from our parameters to what we use of the answer. Only the worker loads the SDK. */
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeFastSnapshotRestoresCommand,
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  type EC2Client,
  type VolumeType,
} from '@aws-sdk/client-ec2';
import {listed, type SnapshotFacts, snapshotFacts, volumeFacts, volumeId} from './facts.ts';
import type {Attachment, NewVolume, RestoreQuery, VolumePage, VolumeQuery} from './requests.ts';

interface How {
  readonly abortSignal: AbortSignal;
}

const PAGE = 500;

/** By EC2's own names. Each sends one request; pauses, repetitions and deadlines are the agent's. */
export const ACTIONS = {
  AttachVolume: async (
    client: EC2Client,
    {volume, instance, device}: Attachment,
    how: How,
  ): Promise<null> => {
    const request = {VolumeId: volume, InstanceId: instance, Device: device};
    await client.send(new AttachVolumeCommand(request), how);
    return null;
  },
  CreateVolume: async (client: EC2Client, volume: NewVolume, how: How): Promise<string> => {
    const {VolumeId} = await client.send(new CreateVolumeCommand(creation(volume)), how);
    return volumeId('CreateVolume', VolumeId);
  },
  DeleteVolume: async (client: EC2Client, id: string, how: How): Promise<null> => {
    await client.send(new DeleteVolumeCommand({VolumeId: id}), how);
    return null;
  },
  DescribeFastSnapshotRestores: async (
    client: EC2Client,
    {snapshot, zone}: RestoreQuery,
    how: How,
  ): Promise<string | null> => {
    const filters = {'snapshot-id': snapshot, 'availability-zone': zone};
    const query = {Filters: Object.entries(filters).map(([Name, value]) => ({Name, Values: [value]}))};
    const answer = await client.send(new DescribeFastSnapshotRestoresCommand(query), how);
    return listed('DescribeFastSnapshotRestores', answer.FastSnapshotRestores)[0]?.State ?? null;
  },
  DescribeInstances: async (client: EC2Client, id: string, how: How): Promise<string | null> => {
    const {Reservations} = await client.send(new DescribeInstancesCommand({InstanceIds: [id]}), how);
    return listed('DescribeInstances', Reservations)[0]?.Instances?.[0]?.State?.Name ?? null;
  },
  DescribeSnapshots: async (client: EC2Client, id: string, how: How): Promise<SnapshotFacts | null> => {
    const {Snapshots} = await client.send(new DescribeSnapshotsCommand({SnapshotIds: [id]}), how);
    const [snapshot] = listed('DescribeSnapshots', Snapshots);
    return snapshot ? snapshotFacts(snapshot) : null;
  },
  DescribeVolumes: async (client: EC2Client, query: VolumeQuery, how: How): Promise<VolumePage> => {
    const {Volumes, NextToken} = await client.send(new DescribeVolumesCommand(selection(query)), how);
    return {volumes: listed('DescribeVolumes', Volumes).map(volumeFacts), next: NextToken || null};
  },
  DetachVolume: async (
    client: EC2Client,
    {volume, instance}: Omit<Attachment, 'device'>,
    how: How,
  ): Promise<null> => {
    await client.send(new DetachVolumeCommand({VolumeId: volume, InstanceId: instance}), how);
    return null;
  },
} as const;

const creation = ({
  snapshot,
  zone,
  type,
  iops,
  throughput,
  encrypted,
  kmsKey,
  initializationRate,
  tags,
  token,
  dryRun,
}: NewVolume) => ({
  SnapshotId: snapshot,
  AvailabilityZone: zone,
  VolumeType: type as VolumeType,
  ClientToken: token,
  // at creation: a tag set later is missing after a crash in between, and nobody would own the volume
  TagSpecifications: [
    {ResourceType: 'volume' as const, Tags: Object.entries(tags).map(([Key, Value]) => ({Key, Value}))},
  ],
  ...(iops !== undefined && {Iops: iops}),
  ...(throughput !== undefined && {Throughput: throughput}),
  // `false` is refused for a snapshot that is encrypted
  ...(encrypted === true && {Encrypted: true}),
  ...(kmsKey !== undefined && {KmsKeyId: kmsKey}),
  ...(initializationRate !== undefined && {VolumeInitializationRate: initializationRate}),
  ...(dryRun === true && {DryRun: true}),
});

// Filtered and paged: EC2 grants such calls twice the rate of bare ones.
const selection = (query: VolumeQuery) =>
  'id' in query
    ? {VolumeIds: [query.id]}
    : {
        Filters: Object.entries(query.tags).map(([key, value]) => ({Name: `tag:${key}`, Values: [value]})),
        MaxResults: PAGE,
        ...(query.next !== null && {NextToken: query.next}),
      };
