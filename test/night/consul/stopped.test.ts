/**
 * The whole of Consul is away for 60 s, while one host is in some phase of an update and the others serve: no request is lost,
 * each host says why nothing moves, and all of it goes on by itself afterwards.
 */
import {setTimeout as sleep} from 'node:timers/promises';
import t, {type Test} from 'tap';
import type {Phase} from '../../../agent/core/host/state.ts';
import {packageForLab} from '../../lab/image/package.ts';
import {journalled} from '../../lab/instance/agents.ts';
import {type Region, startRegion} from '../../lab/region.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import {everything, sample} from '../../support/sample.ts';
import {listen, silent} from '../told.ts';
import {createLanes, type Lane, laneConfig, PHASES} from './lane.ts';

interface Row {
  readonly phase: Phase;
  readonly how: 'stops' | 'hangs';
}

// answers.test.ts has an agent that hangs in every phase.
const ROWS: readonly Row[] = [
  ...PHASES.map(phase => ({phase, how: 'stops'}) as const),
  ...(['serving', 'draining', 'rejoining'] as const).map(phase => ({phase, how: 'hangs'}) as const),
];
const AWAY_MS = 60_000;
const REASON = /the store consul:\/\/127\.0\.0\.1:8500\/release-agent does not answer: /i;

t.test(
  'Consul is away for 60 s',
  {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 3_000_000 : 900_000},
  async t => {
    const region = await startRegion({
      name: `stopped-${process.pid % 10_000}`,
      instances: 3,
      deb: await packageForLab(),
      config: laneConfig,
    });
    t.teardown(region.down);
    const lanes = await createLanes(t, region);
    await Promise.all(lanes.map(lane => lane.boot(t)));
    for (const [n, row] of sample(t, ROWS, 1).entries()) {
      const lane = lanes[n % lanes.length];
      if (!lane) throw new Error('no lane');
      const idle = lanes.filter(each => each !== lane);
      await t.test(`it ${row.how} while ${row.phase}`, t => away(t, {region, lane, idle, row}));
    }
  },
);

interface Trial {
  readonly region: Region;
  readonly lane: Lane;
  readonly idle: readonly Lane[];
  readonly row: Row;
}

const away = async (t: Test, {region, lane, idle, row}: Trial): Promise<void> => {
  const {consul} = region;
  const told = await Promise.all([lane, ...idle].map(({instance}) => listen(instance)));
  const before = await Promise.all(idle.map(({instance}) => generationOf(instance)));
  const load = region.startLoad({rps: 60, seconds: 300, slowShare: 0.01});
  const on = await lane.reach(row.phase);
  const began = performance.now();
  if (row.how === 'stops') await consul.kill();
  else consul.freeze();
  try {
    let quiet: readonly string[] = ['all'];
    const isTold = async () => {
      quiet = (await Promise.all(told.map(async say => silent(await say(), REASON)))).flat();
      return quiet.length === 0;
    };
    const what = 'every host says it in status, why, STATUS= and log';
    await eventually(what, isTold, {timeoutMs: AWAY_MS - 5_000, everyMs: 1_000}).catch(() => undefined);
    t.same(quiet, [], `${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    await sleep(Math.max(0, began + AWAY_MS - performance.now())); // that is how long the outage lasts
    const {phase} = (await journalled(lane.instance)) ?? {};
    t.match(phase, /^(serving|staging|waiting)$/, 'nobody is out of traffic');
  } finally {
    consul.thaw();
    await consul.start();
    await lane.letGo();
  }
  await lane.settled(t, on, 'in service afterwards');
  t.same(
    await Promise.all(idle.map(({instance}) => generationOf(instance))),
    before,
    'the others did nothing',
  );
  const {requests, failed, failures} = await load.stop();
  t.same(failures.slice(0, 3), []);
  t.equal(failed, 0, `${requests} requests, none lost`);
  await lane.follow(t);
};

const generationOf = async (instance: Lane['instance']): Promise<number | undefined> =>
  (await journalled(instance))?.generation;
