import {EC2Client, TerminateInstancesCommand} from '@aws-sdk/client-ec2';
import t from 'tap';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {sweepVolumes} from '../../../agent/install/ebs/sweep.ts';
import {must} from '../../lab/run.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {never, silent, startWithSnapshot} from './world.ts';

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
