import {copyFile} from 'node:fs/promises';
import {join} from 'node:path';
import {put} from '../../test/lab/image/base.ts';
import {defaultConfig, type Instance} from '../../test/lab/instance/host.ts';
import {median} from './footprint-idle.ts';

export type Start = {
  /** ms, medians: from exec to the first read of the store, on a host whose agent starts for the first time since its boot */
  readonly agent: number;
  /** the same when the agent is started again: who it is is known */
  readonly restart: number;
  /** from exec to the end of `node -e 0` */
  readonly node: number;
};

const FOLDER = '/root/footprint';
const RUNS = 15;

/**
 * Starts the packaged agent, with the unit's own command and environment, beside `node -e 0`, in turns. The agent has the
 * instance's configuration and IMDS, state folders of its own, and a Consul that only notes when it is asked first.
 */
export const measureStart = async (instance: Instance): Promise<Start> => {
  const child = join(instance.root, 'root/footprint-start-child.ts');
  await copyFile(join(import.meta.dirname, 'footprint-start-child.ts'), child);
  const config = defaultConfig(instance).replace('consul://127.0.0.1:8500', `consul://127.0.0.1:8999`);
  const places = `state-dir = "${FOLDER}/state"\nrun-dir = "${FOLDER}/run"\n`;
  await put(instance.root, `${FOLDER}/etc/release-agent/config.toml`, places + config);
  const argv = ['/usr/lib/release-agent/node', '/root/footprint-start-child.ts', FOLDER, String(RUNS)];
  const {code, stdout, stderr} = await instance.exec(argv, {timeoutMs: 120_000});
  if (code !== 0) throw new Error(`the starts could not be measured: ${stderr}`);
  const times = JSON.parse(stdout) as Record<keyof Start, number[]>;
  const middle = (of: keyof Start) => Math.round(10 * median(times[of])) / 10;
  return {agent: middle('agent'), restart: middle('restart'), node: middle('node')};
};
