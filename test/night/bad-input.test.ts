/**
 * Bad input, and what it gets. Hosts that serve under load are given what fingers, programs and strangers put into keys,
 * snapshots, repositories, releases, disks and configurations. Each row: the reason in the log, in STATUS=, in status and in why;
 * the application untouched (or back, without a lost request, where a release had to be tried); nothing left behind; and
 * once the cause is gone the same agent goes on by itself.
 */
import t, {type Test} from 'tap';
import {packageForLab} from '../lab/package.ts';
import {type Region, startRegion} from '../lab/region.ts';
import {unmet} from '../support/needs.ts';
import {everything, sample} from '../support/sample.ts';
import {CONFIG_ROWS, tryConfig} from './bad-input/config.ts';
import {GIT_ROWS} from './bad-input/git.ts';
import {HOST_ROWS, withoutDisk, withSmallDisk} from './bad-input/host.ts';
import {KEY_ROWS} from './bad-input/key.ts';
import {config, createLanes, type Lane} from './bad-input/lane.ts';
import {RELEASE_ROWS} from './bad-input/release.ts';
import {type Row, tryRow} from './bad-input/row.ts';
import {SNAPSHOT_ROWS} from './bad-input/snapshot.ts';

type Trial = {readonly name: string; readonly run: (t: Test, lane: Lane) => Promise<void>};

const trialOf = (row: Row): Trial => ({name: row.name, run: (t, lane) => tryRow(t, lane, row)});

/** Of each table, how many rows are tried in every run. */
const TABLES: readonly (readonly [readonly Trial[], number])[] = [
  [KEY_ROWS.map(trialOf), 8],
  [SNAPSHOT_ROWS.map(trialOf), 4],
  [GIT_ROWS.map(trialOf), 4],
  [RELEASE_ROWS.map(trialOf), 4],
  [HOST_ROWS.map(trialOf), 2],
  [
    CONFIG_ROWS.map(row => ({name: `configuration: ${row.name}`, run: (t, lane) => tryConfig(t, lane, row)})),
    1,
  ],
];

const INSTANCES = 4;

t.test(
  'bad input',
  {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 2_400_000 : 900_000},
  async t => {
    const only = process.env.ROWS === undefined ? undefined : new RegExp(process.env.ROWS);
    const chosen = TABLES.flatMap(([trials, count]) =>
      only ? trials.filter(({name}) => only.test(name)) : sample(t, trials, count),
    );
    const region = await startRegion({
      name: `input-${process.pid % 10_000}`,
      instances: Math.min(INSTANCES, chosen.length),
      deb: await packageForLab(),
      config,
    });
    t.teardown(async () => {
      for (const instance of region.instances) await withoutDisk(instance);
      await region.down();
    });
    for (const instance of region.instances) await withSmallDisk(instance);
    const lanes = await createLanes(t, region);
    t.jobs = lanes.length;
    await Promise.all(lanes.map(lane => lane.boot(t)));
    await underLoad(t, region, () => runAll(t, lanes, chosen));
    t.comment(`${chosen.length} rows`);
  },
);

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
