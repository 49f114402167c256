/** Every journalled step of a boot, an update and a rollback: what runs there is killed, and the host ends in service. */

import t, {type Test} from 'tap';
import {packageForLab} from '../../lab/image/package.ts';
import {ec2Client} from '../../lab/instance/in-service.ts';
import {startRegion} from '../../lab/region.ts';
import {unmet} from '../../support/needs.ts';
import {everything, sample} from '../../support/sample.ts';
import {findsNothingToDo} from './again.ts';
import {config, type Fs, type Lane, newLane, releasesOf} from './lane.ts';
import {rowsOf, textOf} from './rows.ts';
import {JOURNEYS, type Row, stepsDuring} from './step.ts';
import {strike} from './strike.ts';

/** So many rows at once; each on an instance of its own. */
const LANES = 4;
const SAMPLE = 4;

/** Runs the rows of one kind of release: first without a blow, which tells the steps that there are, then all or some of them. */
export const crashSuite = (fs: Fs): void => {
  const options = {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 5_400_000 : 900_000};
  t.test(`struck at each step, with ${fs}`, options, async t => {
    const name = `crash-${fs}-${process.pid % 10_000}`;
    const region = await startRegion({name, instances: 0, deb: await packageForLab(), config});
    t.teardown(region.down);
    const parts = {region, client: ec2Client(t, region.ec2), releases: await releasesOf(region, fs)};
    const make = () => newLane(parts);
    const lanes: Lane[] = [];
    t.jobs = LANES + 1;
    let rows: readonly Row[] = [];
    await t.test('without a blow', async t => {
      const lane = await make();
      lanes.push(lane);
      rows = await rowsSeen(t, lane);
    });
    const left = [...sample(t, rows, SAMPLE)];
    const work = async () => {
      const lane = lanes.pop() ?? (await ready(t, await make()));
      for (let row = left.shift(); row; row = left.shift()) await tryRow(t, row, lane, make);
      await lane.remove();
    };
    await Promise.all(Array.from({length: LANES}, work));
  });
};

/** Takes a new instance through every journey, and gives the rows that follow from the steps it journals. */
const rowsSeen = async (t: Test, lane: Lane): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for (const journey of JOURNEYS) {
    const {begin, end, over} = await lane.way(journey);
    const steps = await stepsDuring(lane.holder, async () => {
      await begin();
      await over();
      await lane.settled(t, end, journey);
    });
    t.comment(`${journey}: ${steps.join(', ')}`);
    rows.push(...rowsOf(journey, steps));
  }
  t.comment(`${rows.length} rows`);
  return rows;
};

const ready = async (t: Test, lane: Lane): Promise<Lane> => {
  const {begin, end} = await lane.way('boot');
  await begin();
  await lane.settled(t, end, `${lane.instance.id} boots`);
  return lane;
};

const tryRow = async (t: Test, row: Row, used: Lane, make: () => Promise<Lane>): Promise<void> => {
  await t.test(textOf(row), {buffered: true}, async t => {
    const lane = row.journey === 'boot' ? await make() : used;
    const {begin, end} = await lane.way(row.journey);
    const step = await strike(lane, row, begin);
    // After a clean stop the journal may already say what comes next, and so it may when the step is over before the blow.
    if (row.victim !== 'reboot' && row.when !== 'midway') t.equal(step, row.step, 'struck at the step');
    await lane.settled(t, end, `in service on ${end.release.name}`);
    await findsNothingToDo(t, lane, end);
    if (lane !== used) await lane.remove();
  });
};
