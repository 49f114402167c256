/**
 * Applications misbehave, under load: those that do not hold are taken back with a reason in the log, in STATUS=, in status and
 * in why, and lose at most requests that went to them; the odd ones are updated without a lost request. Nothing is left behind.
 */
import t from 'tap';
import type {InstanceFiles} from '../lab/host.ts';
import {packageForLab} from '../lab/package.ts';
import {startRegion} from '../lab/region.ts';
import {unmet} from '../support/needs.ts';
import {everything, sample} from '../support/sample.ts';
import {BAD_TRIALS} from './application/bad.ts';
import {CONNECTION_TRIALS} from './application/connections.ts';
import {LATER_TRIALS} from './application/later.ts';
import {ODD_TRIALS} from './application/odd.ts';
import {config, createLanes} from './bad-input/lane.ts';
import {unexplained} from './lossy.ts';
import {lostUnderLoad, pickedByHand, runAll} from './trials.ts';

const TRIALS = [...BAD_TRIALS, ...ODD_TRIALS, ...CONNECTION_TRIALS, ...LATER_TRIALS];
const LANES = 4;

// A busy machine's load balancer may take a second to notice that a host left.
const patient = (files: InstanceFiles): string =>
  config(files)
    .replace(/bake = .*/, 'bake = "4s"')
    .replace('timeout = "5s"\n', 'timeout = "9s"\n')
    .replace(/drain = .*/, 'drain = {port = 8080, protocol = "http1", timeout = "8s", quiet = "1500ms"}');

t.test(
  'the application misbehaves',
  {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 1_500_000 : 900_000},
  async t => {
    const trials = pickedByHand(TRIALS) ?? sample(t, TRIALS, 8);
    const region = await startRegion({
      name: `app-${process.pid % 10_000}`,
      instances: Math.min(LANES, trials.length) + 1, // one that nothing happens to answers meanwhile
      deb: await packageForLab(),
      config: patient,
    });
    t.teardown(region.down);
    const lanes = await createLanes(t, region);
    await Promise.all(lanes.map(lane => lane.boot(t)));
    const lost = await lostUnderLoad(t, region, () => runAll(t, lanes.slice(1), trials));
    t.same(unexplained(lost).slice(0, 5), [], 'no request is lost but what bad releases took');
  },
);
