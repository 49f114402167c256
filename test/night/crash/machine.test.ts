/** An agent that hangs, is started twice, whose disk fills and whose clock jumps, on instances side by side. */

import t, {type Test} from 'tap';
import type {Phase} from '../../../agent/core/host/state.ts';
import {packageForLab} from '../../lab/image/package.ts';
import {ec2Client} from '../../lab/instance/in-service.ts';
import {startRegion} from '../../lab/region.ts';
import {unmet} from '../../support/needs.ts';
import {everything, sample} from '../../support/sample.ts';
import {config, newLane, releasesOf} from './lane.ts';
import {clockJumps, diskFills, hung, hungInWrite, machineFiles, smallDisk, startedTwice} from './machine.ts';

const HUNG: readonly Phase[] = ['serving', 'staging', 'waiting', 'draining', 'gating', 'baking'];
const JUMPS: readonly (readonly [Phase, 1 | -1])[] = (
  ['staging', 'waiting', 'draining', 'activating', 'gating', 'rejoining', 'baking', 'serving'] as const
).flatMap(phase => [[phase, 1] as const, [phase, -1] as const]);

t.test(
  'what a machine does to its agent',
  {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 2_400_000 : 900_000},
  async t => {
    const region = await startRegion({
      name: `machine-${process.pid % 10_000}`,
      instances: 0,
      deb: await packageForLab(),
      config,
      files: machineFiles,
    });
    t.teardown(region.down);
    const parts = {region, client: ec2Client(t, region.ec2), releases: await releasesOf(region, 'git')};
    const boot = async (t: Test, furnish: Parameters<typeof newLane>[0]['furnish'] = async () => {}) => {
      const lane = await newLane({...parts, furnish});
      t.teardown(lane.holder.close);
      const {begin, end} = await lane.way('boot');
      await begin();
      await lane.settled(t, end, 'boots');
      return {lane, end};
    };
    const each = async <R>(
      t: Test,
      rows: readonly R[],
      count: number,
      run: (row: R) => [string, (t: Test) => unknown],
    ) => {
      for (const row of sample(t, rows, count)) {
        const [name, test] = run(row);
        await t.test(name, {buffered: true}, async t => void (await test(t)));
      }
    };
    t.jobs = 4;
    const tests = [
      t.test('an agent that hangs is restarted by the watchdog and goes on', {buffered: true}, async t => {
        const {lane} = await boot(t);
        await each(t, HUNG, 1, phase => [`while ${phase}`, t => hung(t, lane, phase)]);
        if (everything()) await t.test('in a write of its journal', t => hungInWrite(t, lane));
      }),
      t.test('an agent that is started beside another refuses in words', {buffered: true}, async t => {
        await startedTwice(t, (await boot(t)).lane);
      }),
      t.test('the clock jumps a day', {buffered: true}, async t => {
        const {lane} = await boot(t);
        await each(t, JUMPS, 2, ([phase, days]) => [
          `${days === 1 ? 'forward' : 'back'} while ${phase}`,
          t => clockJumps(t, lane, phase, days),
        ]);
      }),
      t.test('the disk fills while a revision is staged', {buffered: true}, async t => {
        const {lane, end} = await boot(t, instance => smallDisk(t, instance));
        await t.test('until less than the reserve is left', t => diskFills(t, lane, end, 40));
        await t.test('until nothing is left', t => diskFills(t, lane, lane.served(), 0));
      }),
    ];
    await Promise.all(tests);
  },
);
