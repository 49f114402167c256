import {stat} from 'node:fs/promises';
import {join} from 'node:path';

/** Whether cloud-init may still do something that the agent needs, such as starting what leads to the store. Never throws. */
export type SettingUp = () => Promise<boolean>;

interface Options {
  /** where cloud-init says how far it is */
  readonly folder?: string;
  /** how long after its end what it started is given to come up */
  readonly graceMs?: number;
  /** how long it is believed at most: a command of its user-data may hang */
  readonly limitMs?: number;
}

/**
 * Follows cloud-init from the first question on. Its generator makes `enabled` at each boot where it will run; the link `result.json` is
 * made when all of its stages are over, well or not (cloudinit/cmd/main.py, status_wrapper). Both are gone at a reboot. Where it was
 * over before the first question, and on machines without it, nothing is being set up.
 */
export const followCloudInit = ({
  folder = '/run/cloud-init',
  graceMs = 30_000,
  limitMs = 600_000,
}: Options = {}): SettingUp => {
  const begun = performance.now();
  let ended: number | null = null;
  let asked = false;
  return async () => {
    const now = performance.now();
    if (now - begun > limitMs) return false;
    if (ended === null && !(await runs(folder))) ended = asked ? now : now - graceMs;
    asked = true;
    return ended === null || now - ended < graceMs;
  };
};

const runs = async (folder: string): Promise<boolean> =>
  (await isThere(join(folder, 'enabled'))) && !(await isThere(join(folder, 'result.json')));

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
