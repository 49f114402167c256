/**
 * EC2, the instance's metadata, a mount and the git remote misbehave while hosts update under load. Each row: the reason in the
 * log, in STATUS=, in status and in why while it lasts; the running application untouched; no request lost; once the cause is
 * gone the same agent goes on by itself to the release that was asked for, and leaves nothing behind.
 */
import type {Server} from 'node:http';
import t, {type Test} from 'tap';
import type {InstanceFiles} from '../lab/instance/host.ts';
import {serveIn} from '../lab/network/listen.ts';
import type {Region} from '../lab/region.ts';
import {createBehaving} from '../store/consul-proxy.ts';
import {unmet} from '../support/needs.ts';
import {config, type Lane} from './bad-input/lane.ts';
import {type Row, tryRow} from './bad-input/row.ts';
import {BOOTS} from './cloud/boots.ts';
import {BUSY} from './cloud/busy.ts';
import {HOST_ROWS, remotes} from './cloud/host-rows.ts';
import {EC2_ROWS} from './cloud/rows.ts';
import {SILENT} from './cloud/silent.ts';
import {LANES_TIMEOUT_MS, tryUnderLoad} from './lanes-under-load.ts';
import type {Trial} from './trials.ts';

const trialOf = (row: Row): Trial<Lane> => ({name: row.name, run: (t, lane) => tryRow(t, lane, row)});

const trials: readonly Trial<Lane>[] = [
  ...[...EC2_ROWS, ...HOST_ROWS].map(trialOf),
  ...SILENT,
  ...BUSY,
  ...BOOTS,
];

const PORT = 8701;

// EC2 may take its time.
const patient = (files: InstanceFiles): string =>
  config({...files, gitUrl: `http://127.0.0.1:${PORT}/app.git`}).replace('timeout = "30s"', 'timeout = "4m"');

t.test('the cloud misbehaves', {skip: unmet('root', 'debian', 'loop'), timeout: LANES_TIMEOUT_MS}, t => {
  const prepare = (region: Region, lane: Lane) => standBeforeGit(t, region, lane);
  return tryUnderLoad(t, {name: 'cloud', trials, config: patient, prepare, loses: 'to a power cut'});
});

/** The git remote of a lane, at a port of the instance's own loopback. */
const standBeforeGit = async (t: Test, region: Region, lane: Lane): Promise<void> => {
  const {listener, behave} = createBehaving(new URL(region.git.url).origin);
  const namespace = `lab-${region.name}-i${lane.instance.index}`;
  const server: Server = await serveIn({namespace, host: '127.0.0.1', port: PORT}, listener);
  t.teardown(() => server.close().closeAllConnections());
  remotes.set(lane, behave);
};
