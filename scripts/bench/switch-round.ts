import {copyFile} from 'node:fs/promises';
import {join} from 'node:path';
import {journalled, proven} from '../../test/lab/instance/agents.ts';
import {
  consulClient,
  defaultConfig,
  type Instance,
  type InstanceFiles,
} from '../../test/lab/instance/host.ts';
import type {Region} from '../../test/lab/region.ts';
import {eventually} from '../../test/support/eventually.ts';
import {run} from './run.ts';

/** What an operator sets who knows that his balancer follows Consul at once; docs/benchmarks.md says more. */
export const SETTINGS = {probeEveryMs: 100, passes: 1, quietMs: 200} as const;

export const configOf = (instance: InstanceFiles): string =>
  defaultConfig(instance)
    .replace(
      /drain = .*/,
      `drain = {port = 8080, protocol = "http1", timeout = "20s", quiet = "${SETTINGS.quietMs}ms"}`,
    )
    .replace(/interval = .*/, `interval = "${SETTINGS.probeEveryMs}ms"\npasses = ${SETTINGS.passes}`)
    .replace(/bake = .*/, 'bake = "1s"');

/**
 * Consul runs a check of its own at most once a second, and adds that to the time until a host is seen to be back, whatever the
 * agent does. Without one the service is in traffic whenever it is not in maintenance.
 */
export const filesOf = ({id, ip}: InstanceFiles): Readonly<Record<string, string>> => {
  const client = consulClient({node: id, address: ip});
  const service = {...client.service, checks: []};
  return {'/etc/consul.d/agent.json': JSON.stringify({...client, service})};
};

const POLICY = 'release-agent/web/production/policy';
const STAGE_MS = 900_000;
const SWITCH_MS = 60_000;

/**
 * How long the host is out of traffic for a release that is staged, ms: from the moment HAProxy sends it nothing new to the moment
 * HAProxy sends it requests again. The permit is kept back until the release is staged and the disk is quiet.
 */
export const timeSwitch = async (region: Region, instance: Instance, release: string): Promise<number> => {
  await region.consul.put(POLICY, 'nobody gets a permit yet');
  await region.desire(release);
  const what = `${release} to be staged`;
  await eventually(
    what,
    async () => {
      const state = await journalled(instance);
      return state?.phase === 'waiting';
    },
    {timeoutMs: STAGE_MS, everyMs: 100},
  );
  await run(['sync']);
  await region.consul.put(POLICY, '{}');
  const isIn = () => region.balancer.ready().includes(instance.ip);
  await eventually('the host to leave traffic', () => !isIn(), {timeoutMs: SWITCH_MS, everyMs: 2});
  const left = performance.now();
  await eventually('the host to be back', isIn, {timeoutMs: SWITCH_MS, everyMs: 2});
  const ms = performance.now() - left;
  await proven(region, release);
  return ms;
};

const CHILD = 'switch-restart-child.ts';

/** Prepares bare restarts in the instance. */
export const installRestart = (instance: Instance): Promise<void> =>
  copyFile(join(import.meta.dirname, CHILD), join(instance.root, 'root', CHILD));

/** How long `systemctl restart` takes up to the first passing probe, ms; probed as often as the gate does. */
export const timeRestart = async (instance: Instance): Promise<number> => {
  const url = 'http://127.0.0.1:8080/healthz';
  const argv = ['/usr/lib/release-agent/node', `/root/${CHILD}`, 'web.service', url];
  const {code, stdout, stderr} = await instance.exec([...argv, String(SETTINGS.probeEveryMs)]);
  if (code !== 0) throw new Error(`the restart could not be measured: ${stderr}`);
  return Number(stdout);
};
