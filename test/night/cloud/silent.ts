/** What must pass without a word: the release is in service all the same, and soon. */
import {DeleteVolumeCommand, DetachVolumeCommand} from '@aws-sdk/client-ec2';
import type {Test} from 'tap';
import type {Fault} from '../../lab/ec2/faults.ts';
import {journalled, serving} from '../../lab/instance/agents.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from '../bad-input/lane.ts';
import type {Trial} from '../trials.ts';
import {against, askForSnapshot, endFaults} from './rows.ts';

const NOT_FOUND = {kind: 'error', code: 'InvalidVolume.NotFound', message: 'not yet'} as const;

const passing = (
  name: string,
  begin: (lane: Lane) => Promise<Published>,
  end: (lane: Lane) => Promise<void> = endFaults,
): Trial<Lane> => ({
  name,
  run: async (t, lane) => {
    try {
      await lane.settled(t, await begin(lane), 'in service on it all the same, nothing left behind');
    } finally {
      await end(lane);
    }
  },
});

const despite = (name: string, ...faults: readonly Omit<Fault, 'from'>[]): Trial<Lane> =>
  passing(name, async lane => {
    for (const fault of faults) against(lane, fault);
    return askForSnapshot(lane);
  });

/** The volume of the release before is detached by force and deleted by somebody else. */
const loseThePrevious = async ({instance, client}: Lane): Promise<void> => {
  const state = await journalled(instance);
  const file = `/var/lib/release-agent/ebs/${state?.previous?.slot}.slot.json`;
  const {volume} = JSON.parse((await instance.exec(['cat', file])).stdout) as {volume: string};
  await instance.exec(['umount', `/var/lib/release-agent/slots/${state?.previous?.slot}`]);
  await client.send(new DetachVolumeCommand({VolumeId: volume, Force: true}));
  const gone = () =>
    client.send(new DeleteVolumeCommand({VolumeId: volume})).then(
      () => true,
      () => false,
    );
  await eventually(`${volume} to be deleted`, gone, {everyMs: 100});
};

const twoSnapshots = async (t: Test, lane: Lane): Promise<void> => {
  for (const _ of [1, 2]) await lane.settled(t, await askForSnapshot(lane), 'on a snapshot');
};

/** A revision needs nothing of EC2; only the volumes that are in the way of nobody wait for it. */
const noEc2ForGit: Trial<Lane> = {
  name: 'EC2 is away and a revision is asked for',
  run: async (t, lane) => {
    against(lane, {action: '*', kind: 'hang'});
    try {
      const next = await lane.make('git');
      await lane.put('desired', next.id);
      await serving([lane.instance], next.id, 90_000);
      await endFaults(lane);
      await lane.settled(t, next, 'nothing is left once EC2 is back');
    } finally {
      await endFaults(lane);
    }
  },
};

export const SILENT: readonly Trial<Lane>[] = [
  despite(
    'EC2 does not know for a while what it has just made',
    {...NOT_FOUND, action: 'DescribeVolumes', times: 3},
    {...NOT_FOUND, action: 'AttachVolume', times: 2},
  ),
  despite(
    'answers are lost',
    {action: 'CreateVolume', kind: 'lose-reply', times: 1},
    {action: 'AttachVolume', kind: 'lose-reply', times: 1},
    {action: 'DetachVolume', kind: 'lose-reply', times: 1},
    {action: 'DeleteVolume', kind: 'lose-reply', times: 1},
  ),
  despite('one volume ends in error', {action: 'CreateVolume', kind: 'volume-error', times: 1}),
  {
    name: 'the volume of the release before is gone',
    run: async (t, lane) => {
      await twoSnapshots(t, lane);
      await loseThePrevious(lane);
      await lane.settled(t, await askForSnapshot(lane), 'goes on');
    },
  },
  noEc2ForGit,
];
