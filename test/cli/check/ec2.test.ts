import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {ec2Part} from '../../../agent/cli/check/ec2.ts';
import {runParts} from '../../../agent/cli/check/run.ts';
import type {Settings} from '../../../agent/config/settings.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {listen} from '../../host/ec2/server.ts';
import {createCloud} from '../../lab/ec2/cloud.ts';
import {noDevices} from '../../lab/ec2/devices.ts';
import {ec2Listener} from '../../lab/ec2/proxy.ts';
import {temporaryFolder} from '../../support/temporary.ts';

Object.assign(process.env, {AWS_ACCESS_KEY_ID: 'lab', AWS_SECRET_ACCESS_KEY: 'lab'});

/** What moto says where nothing exists yet. */
const EMPTY = (body: string): string => {
  const action = /Action=(\w+)/.exec(body)?.[1] ?? '';
  const list = {DescribeInstances: 'reservationSet', DescribeSnapshots: 'snapshotSet'}[action] ?? 'volumeSet';
  return `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><${list}></${list}></${action}Response>`;
};

t.test(
  'rights that can be tried are, and the action that is refused is named',
  {timeout: 120_000},
  async t => {
    const folder = await temporaryFolder(t);
    const moto = {post: async (body: string) => ({status: 200, body: EMPTY(body)})};
    const cloud = createCloud({moto: moto as never, devices: noDevices, images: folder});
    const endpoint = await listen(t, ec2Listener(cloud));
    const path = join(folder, 'store');
    const ebs = {volumeType: 'gp3', endpoint, tags: {team: 'a'}, encrypted: false};
    const identity = {instance: 'i-0123456789abcdef0', zone: 'eu-west-1a', region: 'eu-west-1'};
    const store = {kind: 'directory', path};
    const settings = {
      app: 'web',
      channel: 'dev',
      store,
      imds: null,
      identity,
      install: {ebs},
    } as unknown as Settings;
    const examine = () => runParts([ec2Part], {settings, root: '/'});

    cloud.faults.add({action: 'DescribeVolumes', kind: 'error', code: 'InvalidParameterValue', times: 1});
    const first = await examine();
    t.same(first.problems, []);
    t.match(first.notes, [/ec2:CreateVolume was not tried/, /ec2:DescribeVolumes was not checked/]);

    const desired = join(path, keysOf('web', 'dev').desired);
    await mkdir(dirname(desired), {recursive: true});
    await writeFile(desired, 'snap-0123456789abcdef0\n');
    t.strictSame(await examine(), {problems: [], notes: [], checked: ['EC2 rights']});
    const sent = [...(cloud.calls.find(({action}) => action === 'CreateVolume')?.fields ?? [])].flat();
    const expected = [
      'eu-west-1a',
      'team',
      'release-agent:app',
      'release-agent:owner',
      'release-agent:release',
    ];
    t.same(
      expected.filter(each => !sent.includes(each)),
      [],
      'zone and tags are those of a real one',
    );

    cloud.faults.add({action: '*', kind: 'error', code: 'UnauthorizedOperation', message: 'You are not'});
    const {problems, notes} = await examine();
    t.same(notes, []);
    t.match(
      problems.map(({name, expected}) => `${name} ${/ec2:\w+/.exec(expected)?.[0]}`),
      ['Instances', 'Snapshots', 'Volumes']
        .map(each => `install.ebs ec2:Describe${each}`)
        .concat('install.ebs ec2:CreateVolume'),
    );
    t.equal(cloud.volumes.size, 0, 'nothing was made');
  },
);
