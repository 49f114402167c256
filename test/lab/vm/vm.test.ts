import {join} from 'node:path';
import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import t from 'tap';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {writeRelease} from '../application/releases.ts';
import {ADDRESSES} from '../network/network.ts';
import {buildAmi} from './ami.ts';
import {startVmLab} from './lab.ts';
import {acceleration, whyNoVm} from './prepare.ts';
import type {Vm} from './vm.ts';

const TIMEOUT_MS = 480_000; // the first run builds the image
t.setTimeout(TIMEOUT_MS);

const IMDS = 'http://169.254.169.254/latest';

const curl = (vm: Vm, ...args: readonly string[]): Promise<string> =>
  vm.must(['curl', '--silent', '--fail', '--max-time', '10', ...args]);

const mount = async (vm: Vm, serial: string): Promise<void> => {
  const disk = await eventually('the drive', () => diskOf(vm, serial), {timeoutMs: 30_000});
  await vm.must(['mount', '--mkdir', disk, '/srv/data']);
};

const mountUnit = (what: string): string => `[Mount]\nWhat=${what}\nWhere=/srv/data\nType=ext4\n`;

const diskOf = async (vm: Vm, serial: string): Promise<string | undefined> => {
  const {stdout} = await vm.exec(['sh', '-c', `grep -l ${serial} /sys/block/nvme*/device/serial`]);
  const name = /nvme\d+n1/.exec(stdout)?.[0];
  return name === undefined ? undefined : `/dev/${name}`;
};

const since = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;

t.test(
  'the virtual machine is an EC2 instance to the letter',
  {skip: whyNoVm(), timeout: TIMEOUT_MS},
  async t => {
    const dir = await temporaryFolder(t);
    const lab = await startVmLab({name: `vm-${process.pid}`, dir});
    t.teardown(lab.down);
    const {ec2, consul} = lab;
    await writeRelease(join(dir, 'blue'), {name: 'blue'});
    const snapshotId = await ec2.createSnapshot({from: join(dir, 'blue')});
    const image = await buildAmi();
    const started = performance.now();
    const {vm, id} = await lab.addVm({image});
    t.comment(`booted in ${since(started)} with ${acceleration()}`);
    const client = new EC2Client({endpoint: ec2.address, region: ec2.region, credentials: ec2.credentials});
    const send = client.send.bind(client);

    await t.test("it reaches IMDS one hop away, and its region's EC2 and Consul", async t => {
      const token = ['-X', 'PUT', '-H', 'X-aws-ec2-metadata-token-ttl-seconds: 60', `${IMDS}/api/token`];
      const header = `X-aws-ec2-metadata-token: ${await curl(vm, ...token)}`;
      t.equal(await curl(vm, '-H', header, `${IMDS}/meta-data/instance-id`), id);
      const describe = ['--data', 'Action=DescribeVolumes&Version=2016-11-15', `http://${ADDRESSES.ec2}/`];
      t.match(await curl(vm, ...describe), 'DescribeVolumesResponse');
      t.match(await vm.must(['systemctl', 'show-environment']), `AWS_ENDPOINT_URL=http://${ADDRESSES.ec2}`);
      await consul.put('lab/who', id);
      t.equal(await curl(vm, `http://${ADDRESSES.consul}:8500/v1/kv/lab/who?raw`), id);
    });

    const created = await send(
      new CreateVolumeCommand({AvailabilityZone: 'eu-west-1a', SnapshotId: snapshotId}),
    );
    const volume = {VolumeId: created.VolumeId ?? ''};
    const serial = volume.VolumeId.replace('-', '');
    await eventually('the volume', async () => {
      const {Volumes} = await send(new DescribeVolumesCommand({VolumeIds: [volume.VolumeId]}));
      return Volumes?.[0]?.State === 'available';
    });

    await t.test('AttachVolume plugs in an NVMe drive with the volume id as its serial', async t => {
      const attaching = performance.now();
      await send(new AttachVolumeCommand({...volume, InstanceId: id, Device: '/dev/xvdba'}));
      const disk = await eventually('the drive', () => diskOf(vm, serial), {timeoutMs: 30_000});
      const seen = since(attaching);
      await vm.must(['tee', '/run/systemd/system/srv-data.mount'], {input: mountUnit(disk)});
      await vm.must(['systemctl', 'start', 'srv-data.mount']);
      t.match(await vm.must(['cat', '/srv/data/release.json']), 'blue');
      t.comment(`attached and seen in ${seen}, mounted by PID 1 in ${since(attaching)}`);
    });

    await t.test('DetachVolume of a mounted volume is busy and leaves it alone', async t => {
      await send(new DetachVolumeCommand(volume));
      await eventually('busy', () => ec2.volumes()[0]?.attachment?.state === 'busy');
      t.match(await vm.must(['cat', '/srv/data/release.json']), 'blue');
    });

    await t.test('DetachVolume ends once the volume is unmounted, and its drive is gone', async t => {
      const detaching = performance.now();
      await vm.must(['systemctl', 'stop', 'srv-data.mount']);
      await eventually('available', () => ec2.volumes()[0]?.state === 'available', {timeoutMs: 30_000});
      t.comment(`unmounted and detached in ${since(detaching)}`);
      t.equal(await diskOf(vm, serial), undefined);
    });

    await t.test('a power cut loses what was not fsynced; an attached volume still is', async t => {
      await send(new AttachVolumeCommand({...volume, InstanceId: id, Device: '/dev/xvdbb'}));
      await mount(vm, serial);
      await vm.must(['sh', '-c', 'echo kept > /var/lib/kept && echo kept > /srv/data/kept && sync']);
      await vm.must(['sh', '-c', 'echo lost > /var/lib/lost && echo lost > /srv/data/lost']);
      await vm.powerCut();
      const booting = performance.now();
      await vm.boot();
      t.comment(`booted again in ${since(booting)}`);
      await mount(vm, serial);
      for (const folder of ['/var/lib', '/srv/data']) {
        t.match(await vm.exec(['cat', `${folder}/kept`]), {stdout: 'kept\n'}, `${folder}/kept`);
        t.match(await vm.exec(['cat', `${folder}/lost`]), {stdout: /^$/}, `${folder}/lost`);
      }
    });
  },
);
