/**
 * EC2, the instance's metadata, a mount and the git remote misbehave while hosts update under load. Each row: the reason in the
 * log, in STATUS=, in status and in why while it lasts; the running application untouched; no request lost; once the cause is
 * gone the same agent goes on by itself to the release that was asked for, and leaves nothing behind.
 */
import type {Server} from 'node:http';
import t, {type Test} from 'tap';
import type {InstanceFiles} from '../lab/host.ts';
import {serveIn} from '../lab/listen.ts';
import {packageForLab} from '../lab/package.ts';
import {type Region, startRegion} from '../lab/region.ts';
import {createBehaving} from '../store/consul-proxy.ts';
import {unmet} from '../support/needs.ts';
import {everything, sample} from '../support/sample.ts';
import {config, createLanes, type Lane} from './bad-input/lane.ts';
import {type Row, tryRow} from './bad-input/row.ts';
import {BOOTS} from './cloud/boots.ts';
import {BUSY} from './cloud/busy.ts';
import {HOST_ROWS, remotes} from './cloud/host-rows.ts';
import {EC2_ROWS} from './cloud/rows.ts';
import {SILENT} from './cloud/silent.ts';
import {unexplained} from './lossy.ts';
import {lostUnderLoad, pickedByHand, runAll, type Trial} from './trials.ts';

const trialOf = (row: Row): Trial<Lane> => ({name: row.name, run: (t, lane) => tryRow(t, lane, row)});

const TRIALS: readonly Trial<Lane>[] = [
  ...[...EC2_ROWS, ...HOST_ROWS].map(trialOf),
  ...SILENT,
  ...BUSY,
  ...BOOTS,
];

const LANES = 4;
const PORT = 8701;

// EC2 may take its time.
const patient = (files: InstanceFiles): string =>
  config({...files, gitUrl: `http://127.0.0.1:${PORT}/app.git`}).replace('timeout = "30s"', 'timeout = "4m"');

t.test(
  'the cloud misbehaves',
  {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 1_500_000 : 900_000},
  async t => {
    const trials = pickedByHand(TRIALS) ?? sample(t, TRIALS, 8);
    const region = await startRegion({
      name: `cloud-${process.pid % 10_000}`,
      instances: Math.min(LANES, trials.length) + 1, // one that nothing happens to answers meanwhile
      deb: await packageForLab(),
      config: patient,
    });
    t.teardown(region.down);
    const lanes = await createLanes(t, region);
    for (const lane of lanes) await standBeforeGit(t, region, lane);
    await Promise.all(lanes.map(lane => lane.boot(t)));
    const lost = await lostUnderLoad(t, region, () => runAll(t, lanes.slice(1), trials));
    t.same(unexplained(lost).slice(0, 5), [], 'no request is lost but to a power cut');
  },
);

/** The git remote of a lane, at a port of the instance's own loopback. */
const standBeforeGit = async (t: Test, region: Region, lane: Lane): Promise<void> => {
  const {listener, behave} = createBehaving(new URL(region.git.url).origin);
  const namespace = `lab-${region.name}-i${lane.instance.index}`;
  const server: Server = await serveIn({namespace, host: '127.0.0.1', port: PORT}, listener);
  t.teardown(() => server.close().closeAllConnections());
  remotes.set(lane, behave);
};
