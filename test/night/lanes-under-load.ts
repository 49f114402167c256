/** The frame of the long tables: a sample of trials, spread over instances side by side, under load, with no request lost. */
import type {Test} from 'tap';
import {packageForLab} from '../lab/image/package.ts';
import type {InstanceFiles} from '../lab/instance/host.ts';
import {type Region, startRegion} from '../lab/region.ts';
import {everything, sample} from '../support/sample.ts';
import {createLanes, type Lane} from './bad-input/lane.ts';
import {unexplained} from './lossy.ts';
import {lostUnderLoad, pickedByHand, runAll, type Trial} from './trials.ts';

const LANES = 4;
const SAMPLE = 4;

/** How long such a test may take, in milliseconds. */
export const LANES_TIMEOUT_MS = everything() ? 1_500_000 : 1_400_000;

interface Table {
  /** of the region, before the number of the process */
  readonly name: string;
  readonly trials: readonly Trial<Lane>[];
  readonly config: (files: InstanceFiles) => string;
  /** before a lane boots */
  readonly prepare?: (region: Region, lane: Lane) => Promise<void>;
  /** what may be lost, as the last assertion says it */
  readonly loses: string;
}

/** Tries them all, or a sample of them. One instance more than lanes answers meanwhile: nothing happens to that one. */
export const tryUnderLoad = async (
  t: Test,
  {name, trials: table, config, prepare, loses}: Table,
): Promise<void> => {
  const trials = pickedByHand(table) ?? sample(t, table, SAMPLE);
  const region = await startRegion({
    name: `${name}-${process.pid % 10_000}`,
    instances: Math.min(LANES, trials.length) + 1,
    deb: await packageForLab(),
    config,
  });
  t.teardown(region.down);
  const lanes = await createLanes(t, region);
  for (const lane of lanes) await prepare?.(region, lane);
  await Promise.all(lanes.map(lane => lane.boot(t)));
  const lost = await lostUnderLoad(t, region, () => runAll(t, lanes.slice(1), trials));
  t.same(unexplained(lost).slice(0, 5), [], `no request is lost but ${loses}`);
};
