/** A host that is in service: its agent is started again, and must find nothing to do. */
import {DescribeVolumesCommand} from '@aws-sdk/client-ec2';
import type {Test} from 'tap';
import {releaseId} from '../../../agent/core/release.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import type {Lane} from './lane.ts';
import {stepOf} from './step.ts';

/** Restarts the agent: it journals nothing but that it serves; generation, slot, volumes and the application stay. */
export const findsNothingToDo = async (t: Test, lane: Lane, on: Published): Promise<void> => {
  const {instance, holder} = lane;
  const before = await factsOf(lane);
  const steps = new Set<string>();
  const stop = holder.watch(({moment, state}) => {
    if (moment === 'written' && state) steps.add(stepOf(state));
  });
  const {code, stderr} = await instance.exec(['systemctl', 'restart', 'release-agentd']);
  t.equal(code, 0, `a second run is ready ${stderr}`);
  await lane.settled(t, on, 'a second run serves');
  stop();
  t.same(
    [...steps].filter(step => step !== 'serving'),
    [],
    'a second run does nothing but serve',
  );
  t.same(await factsOf(lane), before, 'a second run changes nothing');
};

const APPLICATION = ['systemctl', 'show', '--property=MainPID,InvocationID', 'web'];

const factsOf = async ({instance, holder, client}: Lane) => {
  const state = holder.state();
  const Filters = [{Name: 'tag:release-agent:owner', Values: [instance.id]}];
  const {Volumes = []} = await client.send(new DescribeVolumesCommand({Filters}));
  return {
    generation: state?.generation,
    active: state?.active && `${state.active.slot} ${releaseId(state.active.release)}`,
    application: (await instance.exec(APPLICATION)).stdout,
    volumes: Volumes.map(({VolumeId}) => VolumeId).toSorted(),
  };
};
