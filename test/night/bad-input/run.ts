/** Tries tables of bad input in a region of its own: rows side by side on a few instances, under load. */
import process from 'node:process';
import t, {type Test} from 'tap';
import {packageForLab} from '../../lab/image/package.ts';
import {type Region, startRegion} from '../../lab/region.ts';
import {unmet} from '../../support/needs.ts';
import {everything, sample} from '../../support/sample.ts';
import {withoutDisk, withSmallDisk} from './host.ts';
import {config, createLanes, type Lane} from './lane.ts';
import {type Row, tryRow} from './row.ts';

export interface Trial {
  readonly name: string;
  readonly run: (t: Test, lane: Lane) => Promise<void>;
}

/** A row that is tried as most are. */
export const trialOf = (row: Row): Trial => ({name: row.name, run: (t, lane) => tryRow(t, lane, row)});

interface BadInput {
  /** of the region, and of the test */
  readonly name: string;
  /** rows, and how many of them are tried in every run */
  readonly tables: readonly (readonly [readonly Trial[], number])[];
}

/** One more than rows are tried on: each is a fleet of its own, and all of them may be out at the same time. */
const INSTANCES = 5;

/** Adds the test. `ROWS=<pattern>` tries only the rows of these names. */
export const testBadInput = ({name, tables}: BadInput): void => {
  const timeout = everything() ? 1_800_000 : 900_000;
  t.test(`bad input: ${name}`, {skip: unmet('root', 'debian', 'loop'), timeout}, async t => {
    const only = process.env.ROWS === undefined ? undefined : new RegExp(process.env.ROWS);
    const chosen = tables.flatMap(([trials, count]) =>
      only ? trials.filter(trial => only.test(trial.name)) : sample(t, trials, count),
    );
    const region = await regionFor(t, name, Math.min(INSTANCES, chosen.length + 1));
    const lanes = await createLanes(t, region);
    t.jobs = lanes.length;
    await Promise.all(lanes.map(lane => lane.boot(t)));
    await underLoad(t, region, () => runAll(t, lanes.slice(1), chosen));
    t.comment(`${chosen.length} rows`);
  });
};

const regionFor = async (t: Test, name: string, instances: number): Promise<Region> => {
  const deb = await packageForLab();
  const region = await startRegion({name: `${name}-${process.pid % 10_000}`, instances, deb, config});
  t.teardown(async () => {
    for (const instance of region.instances) await withoutDisk(instance);
    await region.down();
  });
  for (const instance of region.instances) await withSmallDisk(instance);
  return region;
};

/** Each lane takes the next row that nobody has taken. */
const runAll = async (t: Test, lanes: readonly Lane[], trials: readonly Trial[]): Promise<void> => {
  const left = trials.values();
  const work = async (lane: Lane): Promise<void> => {
    for (const {name, run} of left) {
      const began = performance.now();
      await t.test(name, {buffered: true}, t => run(t, lane));
      t.comment(`${name}: lane ${lane.instance.index}, ${((performance.now() - began) / 1000).toFixed(1)} s`);
    }
  };
  await Promise.all(lanes.map(work));
};

const LOAD = {rps: 40, seconds: 800, slowShare: 0.01};

/** No request may be lost while the work goes on; a load ends by itself before long, so there is one after the other. */
const underLoad = async (t: Test, region: Region, work: () => Promise<void>): Promise<void> => {
  const over = new AbortController();
  const loads = (async () => {
    let requests = 0;
    while (!over.signal.aborted) {
      const load = region.startLoad(LOAD);
      const stop = () => void load.stop();
      over.signal.addEventListener('abort', stop, {once: true});
      const {requests: sent, failures} = await load.result;
      requests += sent;
      t.same(failures.slice(0, 5), [], `${sent} requests, none lost`);
    }
    return requests;
  })();
  try {
    await work();
  } finally {
    over.abort();
    t.comment(`${await loads} requests`);
  }
};
