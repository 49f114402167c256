import {EC2Client, TerminateInstancesCommand} from '@aws-sdk/client-ec2';
import t from 'tap';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {sweepVolumes} from '../../../agent/install/ebs/sweep.ts';
import {must} from '../../lab/run.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {never, silent, startWithSnapshot} from './world.ts';

t.setTimeout(180_000);

const skip = unmet('root', 'debian', 'loop');

t.test(
  'volumes of terminated instances are deleted, those of living ones and young ones are not',
  {skip},
  async t => {
    const {lab, install, target, instance} = await startWithSnapshot(t);
    await install().stage(target, never());
    const ec2 = createEc2({region: lab.region, endpoint: lab.address});
    const sweep = (minAgeMs: number) =>
      sweepVolumes(
        {ec2, app: 'web', instance: 'i-0ffffffffffffffff', minAgeMs, now: Date.now(), log: silent},
        never(),
      );
    t.equal(await sweep(-60_000), 0, 'attached');
    await must(['umount', target.directory]);
    const [volume] = lab.volumes();
    await ec2.detachVolume({volume: volume?.id ?? '', instance}, never());
    await eventually('it is free', () => lab.volumes()[0]?.state === 'available');
    t.equal(await sweep(-60_000), 0, 'its owner lives');
    const client = new EC2Client({endpoint: lab.address, region: lab.region, credentials: lab.credentials});
    t.teardown(() => client.destroy());
    await client.send(new TerminateInstancesCommand({InstanceIds: [instance]}));
    t.equal(await sweep(3_600_000), 0, 'too young');
    t.equal(await sweep(-60_000), 1);
    await eventually('it is gone', () => lab.volumes().length === 0);
    t.equal(await ec2.instanceState(instance, never()), 'terminated');
    t.equal(await ec2.instanceState('i-0ffffffffffffffff', never()), null);
  },
);

t.test('a volume that EC2 does not let go keeps no other one, and is named', {skip}, async t => {
  const {lab, install, slot, snapshot, instance} = await startWithSnapshot(t);
  const ec2 = createEc2({region: lab.region, endpoint: lab.address});
  for (const name of ['one', 'two']) {
    const target = slot(snapshot, name);
    await install().stage(target, never());
    await must(['umount', target.directory]);
  }
  for (const {id} of lab.volumes()) await ec2.detachVolume({volume: id, instance}, never());
  await eventually('both to be free', () => lab.volumes().every(({state}) => state === 'available'));
  await lab.terminateInstance(instance);
  const [first] = await ec2.volumes({'release-agent:owner': instance}, never());
  const refused = {code: 'UnauthorizedOperation', message: 'not this one'};
  lab.faults.add({action: 'DeleteVolume', kind: 'error', ...refused, where: {VolumeId: first?.id ?? ''}});
  const sweep = () =>
    sweepVolumes(
      {ec2, app: 'web', instance: 'i-0ffffffffffffffff', minAgeMs: -60_000, now: Date.now(), log: silent},
      never(),
    );
  const left = await sweep().catch(reasonOf);
  t.match(left, {kind: 'volumes.left', details: {count: 1, volume: first?.id}});
  await eventually('the other one to be gone', () => lab.volumes().length === 1);
  lab.faults.clear();
  lab.faults.add({action: 'DeleteVolume', kind: 'error', code: 'InvalidVolume.NotFound', times: 1});
  t.equal(await sweep(), 0, 'another host was quicker');
  t.equal(await sweep(), 1);
});
