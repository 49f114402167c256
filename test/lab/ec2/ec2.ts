/**
 * An EC2 on this machine: moto answers, a proxy in front of it adds what moto gets wrong (ec2/proxy.ts lists the calls):
 * client tokens, taken device names, zones, states that take time, block devices, and faults on demand.
 *
 * In a test (needs root and Debian, or `moto_server` on PATH; test/lab/prepare.ts says what is missing):
 *
 *   const ec2 = await startEc2({dir: t.testdir(), mode: 'host-devices'});
 *   t.teardown(ec2.stop);
 *   const instance = await ec2.runInstance({zone: 'eu-west-1a'});                 // {id, zone}
 *   const snapshotId = await ec2.createSnapshot({from: folder, fs: 'ext4'});      // 'snap-…', a folder or an image file
 *   const client = new EC2Client({endpoint: ec2.address, region: ec2.region, credentials: ec2.credentials});
 *   // or for a child process: env: {...process.env, ...ec2.env}
 *
 * `mode: 'no-devices'` answers calls only. `mode: 'host-devices'` makes each attached volume a loop device with the node
 * /dev/<requested name> on this machine (a name that exists already is refused as "already in use").
 *
 *   ec2.faults.add({action: 'CreateVolume', kind: 'throttle', times: 3})   // ec2/faults.ts lists the kinds
 *   ec2.snapshot(id).state = 'pending'                                    // also 'error'; .tier = 'archive'; .ownerId = '9…'
 *   ec2.snapshot(id).coldMsPerBlock = 20                                  // its volumes are slow where they are read first
 *   await ec2.coldReads(volumeId)                                         // how many blocks of one were read so far
 *   ec2.instance(id).hiddenDevices.add('/dev/xvdba')                      // taken, but DescribeInstances does not show it
 *   ec2.delays.createMs = 2_000                                           // how long states take
 *   ec2.volumes()                                                         // what exists now, to look for leaks
 *   ec2.calls                                                             // every call: action, fields, outcome
 */

import {rename, stat} from 'node:fs/promises';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {runInstances, terminateInstances} from './actions/instances.ts';
import {
  type Call,
  type Cloud,
  createCloud,
  type Delays,
  type Instance,
  type Snapshot,
  type Volume,
} from './cloud.ts';
import {coldReads} from './cold.ts';
import {type Devices, loopDevices, noDevices} from './devices.ts';
import type {Faults} from './faults.ts';
import {buildImage, copyImage, type Filesystem, imageFolder, imageSizeGb} from './images.ts';
import {startMoto} from './moto.ts';
import {ec2Listener} from './proxy.ts';
import {type Element, items, textOf} from './xml.ts';

export type Ec2 = {
  readonly address: string;
  readonly region: string;
  readonly credentials: {readonly accessKeyId: string; readonly secretAccessKey: string};
  /** What makes the AWS SDK of a child process speak to this EC2. */
  readonly env: Readonly<Record<string, string>>;
  /** To serve the same EC2 at further addresses. */
  readonly listener: RequestListener;
  readonly faults: Faults;
  readonly delays: Delays;
  readonly calls: readonly Call[];
  readonly volumes: () => readonly Volume[];
  readonly coldReads: (volumeId: string) => Promise<number>;
  readonly snapshot: (id: string) => Snapshot;
  readonly instance: (id: string) => Instance;
  readonly runInstance: (options?: {
    zone?: string;
    tags?: Readonly<Record<string, string>>;
  }) => Promise<Instance>;
  readonly terminateInstance: (id: string) => Promise<void>;
  readonly createSnapshot: (options: {
    from: string;
    fs?: Filesystem;
    tags?: Readonly<Record<string, string>>;
  }) => Promise<string>;
  /** Names the attached volumes again inside an instance that has just booted. */
  readonly restoreDevices: (instanceId: string) => Promise<void>;
  /** Ends the emulator and frees its loop devices; may be called twice. */
  readonly stop: () => Promise<void>;
};

type Ec2Options = {dir: string; region?: string} & (
  | {mode: 'no-devices' | 'host-devices'}
  | {mode: 'devices'; devices: Devices}
);

/** Starts an EC2 on a free loopback port, its logs and image files under `dir`. */
export const startEc2 = async (options: Ec2Options, signal?: AbortSignal): Promise<Ec2> => {
  const {dir, region = 'eu-west-1'} = options;
  const moto = await startMoto({dir, region}, signal);
  const cloud = createCloud({moto, devices: devicesFor(options), images: await imageFolder(dir)});
  const listener = ec2Listener(cloud);
  const server = createServer(listener);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = {accessKeyId: 'lab', secretAccessKey: 'lab'};
  return {
    address,
    region,
    credentials,
    env: {
      AWS_ENDPOINT_URL: address,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: 'lab',
      AWS_SECRET_ACCESS_KEY: 'lab',
    },
    listener,
    faults: cloud.faults,
    delays: cloud.delays,
    calls: cloud.calls,
    volumes: () => [...cloud.volumes.values()],
    coldReads: id => coldReads(known(cloud.volumes, id).image),
    snapshot: id => known(cloud.snapshots, id),
    instance: id => known(cloud.instances, id),
    runInstance: ({zone = `${region}a`, tags = {}} = {}) => runInstance(cloud, zone, tags),
    terminateInstance: id => terminateInstance(cloud, id),
    createSnapshot: ({from, fs = 'ext4', tags = {}}) =>
      seedSnapshot(cloud, {from, fs, tags, zone: `${region}a`}),
    restoreDevices: instanceId => restoreDevices(cloud, instanceId),
    stop: async () => {
      server.close().closeAllConnections();
      await cloud.settle();
      await releaseDevices(cloud);
      await moto.stop();
    },
  };
};

const devicesFor = (options: Ec2Options): Devices => {
  if (options.mode === 'devices') return options.devices;
  return options.mode === 'no-devices' ? noDevices : loopDevices({rootOf: () => '/'});
};

const known = <T>(map: ReadonlyMap<string, T>, id: string): T => {
  const found = map.get(id);
  if (found === undefined)
    throw new Error(`expected one of ${[...map.keys()].join(', ') || 'none'}, got ${id}`);
  return found;
};

const VERSION = '2016-11-15';

const runInstance = async (
  cloud: Cloud,
  zone: string,
  tags: Readonly<Record<string, string>>,
): Promise<Instance> => {
  const fields = new Map([
    ['Action', 'RunInstances'],
    ['Version', VERSION],
    ['ImageId', 'ami-00000000000000000'],
    ['MinCount', '1'],
    ['MaxCount', '1'],
    ['Placement.AvailabilityZone', zone],
    ...tagFields('instance', tags),
  ]);
  const answer = await runInstances({action: 'RunInstances', fields}, cloud);
  return known(cloud.instances, firstId(answer, 'instancesSet', 'instanceId'));
};

const terminateInstance = async (cloud: Cloud, id: string): Promise<void> => {
  const action = 'TerminateInstances';
  await terminateInstances(
    {
      action,
      fields: new Map([
        ['Action', action],
        ['Version', VERSION],
        ['InstanceId.1', id],
      ]),
    },
    cloud,
  );
};

type Seed = {from: string; fs: Filesystem; tags: Readonly<Record<string, string>>; zone: string};

const seedSnapshot = async (cloud: Cloud, {from, fs, tags, zone}: Seed): Promise<string> => {
  const scratch = join(cloud.images, `seed-${Math.random().toString(36).slice(2)}.img`);
  if ((await stat(from)).isDirectory()) await buildImage({from, fs, into: scratch});
  else await copyImage(from, scratch);
  const sizeGb = await imageSizeGb(scratch);
  const volumeId = textOf(
    await cloud.moto.call('CreateVolume', {AvailabilityZone: zone, Size: String(sizeGb)}),
    'volumeId',
  );
  const snapshot = await cloud.moto.call('CreateSnapshot', {
    VolumeId: volumeId,
    ...Object.fromEntries(tagFields('snapshot', tags)),
  });
  await cloud.moto.call('DeleteVolume', {VolumeId: volumeId});
  const id = textOf(snapshot, 'snapshotId');
  const image = join(cloud.images, `${id}.img`);
  await rename(scratch, image);
  cloud.snapshots.set(id, {id, image, sizeGb, state: 'completed', tier: 'standard', fastIn: new Set()});
  return id;
};

const tagFields = (resource: string, tags: Readonly<Record<string, string>>): [string, string][] =>
  Object.keys(tags).length === 0
    ? []
    : [
        ['TagSpecification.1.ResourceType', resource],
        ...Object.entries(tags).flatMap(([key, value], n): [string, string][] => [
          [`TagSpecification.1.Tag.${n + 1}.Key`, key],
          [`TagSpecification.1.Tag.${n + 1}.Value`, value],
        ]),
      ];

const firstId = (answer: Element, list: string, name: string): string => {
  const [item] = items(answer, list);
  return item ? textOf(item, name) : '';
};

const restoreDevices = async ({volumes, devices}: Cloud, instanceId: string): Promise<void> => {
  for (const {attachment} of volumes.values()) {
    if (attachment?.instanceId === instanceId && attachment.loop)
      await devices.makeNode({...attachment, loop: attachment.loop});
  }
};

const releaseDevices = async ({volumes, devices}: Cloud): Promise<void> => {
  for (const volume of volumes.values()) {
    const {attachment} = volume;
    if (attachment?.loop === undefined) continue;
    await devices.removeNode({...attachment, loop: attachment.loop});
    await devices.disconnect(attachment.loop, {force: true});
    delete volume.attachment;
  }
};
