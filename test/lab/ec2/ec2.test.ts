import {existsSync} from 'node:fs';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import t, {type Test} from 'tap';
import {alone} from '../../support/alone.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {must, run} from '../run.ts';
import {type Ec2, startEc2} from './ec2.ts';

const ZONE = 'eu-west-1a';
const skip = unmet('root', 'debian', 'loop');

const stateOf = async (client: EC2Client, id: string) => {
  const {Volumes = []} = await client.send(new DescribeVolumesCommand({VolumeIds: [id]}));
  return {state: Volumes[0]?.State, attachment: Volumes[0]?.Attachments?.[0]};
};

const available = (client: EC2Client, id: string) =>
  eventually(`${id} to be available`, async () => (await stateOf(client, id)).state === 'available');

const setup = async (test: Test, mode: 'no-devices' | 'host-devices') => {
  if (mode === 'host-devices') await alone('host-devices', test);
  const dir = await mkdtemp(join(tmpdir(), 'lab-ec2-'));
  const ec2 = await startEc2({dir, mode});
  const client = new EC2Client({
    endpoint: ec2.address,
    region: ec2.region,
    credentials: ec2.credentials,
    maxAttempts: 1,
  });
  test.teardown(async () => {
    client.destroy();
    await ec2.stop();
    await rm(dir, {recursive: true});
  });
  const content = join(dir, 'content');
  await mkdir(content);
  await writeFile(join(content, 'hello'), 'from the snapshot');
  return {ec2, client, dir, content, snapshotId: await ec2.createSnapshot({from: content})};
};

const create = async (client: EC2Client, snapshotId: string, more = {}) => {
  const volume = await client.send(
    new CreateVolumeCommand({AvailabilityZone: ZONE, SnapshotId: snapshotId, ...more}),
  );
  return volume.VolumeId ?? '';
};

const freeName = () =>
  `/dev/xvd${'bc'[Math.floor(Math.random() * 2)]}${String.fromCharCode(97 + Math.floor(Math.random() * 26))}`;

t.test('the emulated EC2 gives what moto lacks', {skip}, async test => {
  const {ec2, client, snapshotId} = await setup(test, 'no-devices');

  test.test('a client token names one volume, and other parameters are refused', async t => {
    const first = await create(client, snapshotId, {ClientToken: 'one'});
    t.equal(await create(client, snapshotId, {ClientToken: 'one'}), first);
    t.not(await create(client, snapshotId, {ClientToken: 'two'}), first);
    await t.rejects(create(client, snapshotId, {ClientToken: 'one', Size: 2}), {
      name: 'IdempotentParameterMismatch',
    });
  });

  test.test('a volume takes time to become available, and may fail', async t => {
    ec2.delays.createMs = 3_000;
    const id = await create(client, snapshotId);
    ec2.delays.createMs = 200;
    t.equal((await stateOf(client, id)).state, 'creating');
    await available(client, id);
    ec2.faults.add({action: 'CreateVolume', kind: 'volume-error', times: 1});
    const bad = await create(client, snapshotId, {ClientToken: 'burned'});
    await eventually('the error', async () => (await stateOf(client, bad)).state === 'error');
    t.equal(await create(client, snapshotId, {ClientToken: 'burned'}), bad);
    const {Volumes = []} = await client.send(
      new DescribeVolumesCommand({Filters: [{Name: 'status', Values: ['error']}]}),
    );
    t.same(
      Volumes.map(({VolumeId}) => VolumeId),
      [bad],
    );
  });

  test.test('a taken name, another zone and a volume in use are refused', async t => {
    const [here, there] = [await ec2.runInstance({zone: ZONE}), await ec2.runInstance({zone: 'eu-west-1b'})];
    const [one, two] = [await create(client, snapshotId), await create(client, snapshotId)];
    await available(client, one);
    await available(client, two);
    const attach = (VolumeId: string, InstanceId: string, Device = '/dev/xvdba') =>
      client.send(new AttachVolumeCommand({VolumeId, InstanceId, Device}));
    await t.rejects(attach(one, there.id), {name: 'InvalidVolume.ZoneMismatch'});
    await attach(one, here.id);
    t.equal((await stateOf(client, one)).attachment?.State, 'attaching');
    await t.rejects(attach(two, here.id), {name: 'InvalidParameterValue', message: /already in use/});
    await t.rejects(attach(one, here.id, '/dev/xvdbb'), {name: 'VolumeInUse'});
    here.hiddenDevices.add('/dev/xvdbc');
    await t.rejects(attach(two, here.id, '/dev/xvdbc'), {message: /already in use/});
    await t.rejects(client.send(new DeleteVolumeCommand({VolumeId: one})), {name: 'VolumeInUse'});
    await eventually('attached', async () => (await stateOf(client, one)).attachment?.State === 'attached');
    const mapping = [{DeviceName: '/dev/xvdba', Ebs: {DeleteOnTermination: true}}];
    await client.send(
      new ModifyInstanceAttributeCommand({InstanceId: here.id, BlockDeviceMappings: mapping}),
    );
    await client.send(new TerminateInstancesCommand({InstanceIds: [here.id]}));
    await t.rejects(stateOf(client, one), {name: 'InvalidVolume.NotFound'});
  });

  test.test('an unfit snapshot is described as such and makes no volume', async t => {
    ec2.snapshot(snapshotId).state = 'pending';
    const {Snapshots = []} = await client.send(new DescribeSnapshotsCommand({SnapshotIds: [snapshotId]}));
    t.equal(Snapshots[0]?.State, 'pending');
    await t.rejects(create(client, snapshotId), {name: 'IncorrectState'});
    ec2.snapshot(snapshotId).state = 'completed';
  });

  test.test('faults come on demand, and a lost reply has done its work', async t => {
    ec2.faults.add({action: 'CreateVolume', kind: 'throttle', times: 1});
    await t.rejects(create(client, snapshotId), {name: 'RequestLimitExceeded'});
    const before = ec2.volumes().length;
    ec2.faults.add({action: 'CreateVolume', kind: 'lose-reply', times: 1});
    await t.rejects(create(client, snapshotId, {ClientToken: 'lost'}));
    await create(client, snapshotId, {ClientToken: 'lost'});
    t.equal(ec2.volumes().length, before + 1);
  });
});

/** A folder whose mounts end everywhere at once: a container that starts meanwhile has copies of all mounts, which would keep a device busy. */
const folderForMounts = async (test: Test, dir: string): Promise<string> => {
  const path = join(dir, 'mounts');
  await mkdir(path);
  await must(['mount', '--bind', path, path]);
  test.teardown(() => must(['umount', path]));
  await must(['mount', '--make-shared', path]);
  return path;
};

t.test('an attached volume is a block device that mounts', {skip}, async test => {
  const {ec2, client, dir, content} = await setup(test, 'host-devices');
  const mounts = await folderForMounts(test, dir);
  for (const fs of ['ext4', 'xfs'] as const) {
    test.test(fs, async t => {
      const {id} = await ec2.runInstance({zone: ZONE});
      const volume = await create(client, await ec2.createSnapshot({from: content, fs}));
      await available(client, volume);
      const device = await attachSomewhere(ec2, client, volume, id);
      await eventually(
        'attached',
        async () => (await stateOf(client, volume)).attachment?.State === 'attached',
      );
      const point = join(mounts, fs);
      await mkdir(point);
      await must(['mount', '-o', `ro${fs === 'xfs' ? ',nouuid' : ''}`, device, point]);
      t.equal(await must(['cat', join(point, 'hello')]), 'from the snapshot');
      await client.send(new DetachVolumeCommand({VolumeId: volume}));
      await eventually('busy', async () => (await stateOf(client, volume)).attachment?.State === 'busy');
      await must(['umount', point]);
      await available(client, volume);
      t.notOk(existsSync(device));
      t.equal((await run(['losetup', '--associated', ec2.volumes()[0]?.image ?? ''])).stdout, '');
      await client.send(new DeleteVolumeCommand({VolumeId: volume}));
      await eventually('gone', () => !ec2.volumes().some(each => each.id === volume));
    });
  }
});

const attachSomewhere = async (
  ec2: Ec2,
  client: EC2Client,
  VolumeId: string,
  InstanceId: string,
): Promise<string> => {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const Device = freeName();
    if (existsSync(Device)) continue;
    await client.send(new AttachVolumeCommand({VolumeId, InstanceId, Device}));
    return Device;
  }
  throw new Error(`no free device name after 20 attempts at ${ec2.address}`);
};
