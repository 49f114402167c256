import {cp, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {AttachVolumeCommand, CreateVolumeCommand, DetachVolumeCommand, EC2Client} from '@aws-sdk/client-ec2';
import t from 'tap';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {writeRelease} from './application/releases.ts';
import {type Region, startRegion} from './region.ts';
import {must, run} from './run.ts';

/** The lab alone: the application is baked into the image, no agent. */
t.test('a region of three instances', {skip: unmet('root', 'debian', 'loop'), timeout: 180_000}, async t => {
  const name = `self-${process.pid % 10_000}`;
  const region = await startRegion({name, instances: 3, tags: () => ({'release-agent:role': 'web'})});
  t.teardown(region.down);
  await bakeApplication(region);
  await region.boot();
  // members of Consul that lost each other try again only every 30 s
  const serving = (count: number) =>
    eventually(`${count} to serve`, () => region.balancer.ready().length === count, {timeoutMs: 90_000});
  await serving(3);

  await t.test('serves requests through HAProxy without a failure', async t => {
    const {requests, failed, byRelease} = await region.load({rps: 100, seconds: 3});
    t.match({requests, failed}, {requests: 300, failed: 0});
    t.same(Object.keys(byRelease), ['baked']);
  });

  await t.test('tells an instance who it is, with a token only', async t => {
    const [one] = region.instances;
    const imds = 'http://169.254.169.254/latest';
    const status = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', `${imds}/meta-data/instance-id`];
    t.equal((await one?.exec(status))?.stdout, '401');
    const put = [
      'curl',
      '-s',
      '-X',
      'PUT',
      '-H',
      'x-aws-ec2-metadata-token-ttl-seconds: 60',
      `${imds}/api/token`,
    ];
    const header = `x-aws-ec2-metadata-token: ${(await one?.exec(put))?.stdout}`;
    const get = async (path: string) =>
      (await one?.exec(['curl', '-s', '-H', header, `${imds}/${path}`]))?.stdout;
    t.equal(await get('meta-data/instance-id'), one?.id);
    t.equal(await get('meta-data/placement/availability-zone'), one?.zone);
    t.equal(await get('meta-data/tags/instance/release-agent:role'), 'web');
    t.match(await get('meta-data/iam/security-credentials/lab-instance'), 'AccessKeyId');
  });

  await t.test('attaches a volume that PID 1 mounts, and keeps it over a power cut', async t => {
    const [one] = region.instances;
    if (!one) throw new Error('no instance');
    const {address: endpoint, credentials} = region.ec2;
    const client = new EC2Client({endpoint, region: region.ec2.region, credentials});
    t.teardown(() => client.destroy());
    const SnapshotId = await region.publish({name: 'one'}, 'ext4');
    const {VolumeId = ''} = await client.send(
      new CreateVolumeCommand({SnapshotId, AvailabilityZone: one.zone}),
    );
    const volume = () => region.ec2.volumes().find(({id}) => id === VolumeId);
    await eventually('available', () => volume()?.state === 'available');
    await client.send(new AttachVolumeCommand({VolumeId, InstanceId: one.id, Device: '/dev/xvdba'}));
    await eventually('attached', () => volume()?.attachment?.state === 'attached');
    await mountInside(one);
    t.match((await one.exec(['cat', '/mnt/volume/release.json'])).stdout, '"one"');
    await one.kill();
    await serving(2);
    await one.boot();
    await mountInside(one);
    t.match((await one.exec(['cat', '/mnt/volume/release.json'])).stdout, '"one"');
    await one.exec(['systemctl', 'stop', 'mnt-volume.mount']);
    await client.send(new DetachVolumeCommand({VolumeId}));
    await eventually('detached', () => volume()?.attachment === undefined);
    t.not((await one.exec(['test', '-e', '/dev/xvdba'])).code, 0);
    await serving(3);
  });

  await t.test('serves a git revision by its full id', async t => {
    const revision = await region.publish({name: 'two'}, 'git');
    const [one] = region.instances;
    await one?.exec(['git', 'init', '--bare', '/tmp/mirror']);
    const fetched = await one?.exec([
      'git',
      '-C',
      '/tmp/mirror',
      'fetch',
      '--depth=1',
      region.git.insideUrl,
      revision,
    ]);
    t.match(fetched, {code: 0});
  });

  await t.test('loses and finds an instance whose cable is pulled', async () => {
    await region.instances[2]?.partition();
    await serving(2);
    await region.instances[2]?.heal();
    await serving(3);
  });

  await t.test('takes a host in maintenance out of traffic, with no request lost', async t => {
    const load = region.startLoad({rps: 100, seconds: 4});
    const maintenance = (on: boolean) =>
      region.instances[1]?.exec(['consul', 'maint', ...(on ? ['-enable'] : ['-disable']), '-service=web']);
    await maintenance(true);
    await serving(2);
    await maintenance(false);
    await serving(3);
    t.equal((await load.result).failed, 0);
  });

  await t.test('is gone after down', async t => {
    await region.down();
    t.notMatch((await run(['ip', 'netns', 'list'])).stdout, `lab-${name}`);
    t.notMatch((await run(['mount'])).stdout, `lab-${name}`);
    t.notMatch((await run(['losetup', '--list'])).stdout, `lab-${name}`);
  });
});

const MOUNT = `[Mount]
What=/dev/xvdba
Where=/mnt/volume
Options=ro
`;

const mountInside = async ({exec}: Region['instances'][number]): Promise<void> => {
  await exec(['tee', '/run/systemd/system/mnt-volume.mount'], {input: MOUNT});
  await exec(['systemctl', 'daemon-reload']);
  const {code, stderr} = await exec(['systemctl', 'start', 'mnt-volume.mount']);
  if (code !== 0) throw new Error(stderr);
};

/** Puts the application into each image, enabled. */
const bakeApplication = async ({instances}: Region): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-baked-'));
  await writeRelease(folder, {name: 'baked'});
  for (const {root} of instances) {
    await cp(folder, join(root, 'release'), {recursive: true});
    await must(['systemctl', `--root=${root}`, 'enable', 'web.service']);
  }
  await rm(folder, {recursive: true});
};
