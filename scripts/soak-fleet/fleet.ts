import {defaultConfig, type InstanceFiles} from '../../test/lab/instance/host.ts';
import type {Region} from '../../test/lab/region.ts';
import {eventually} from '../../test/support/eventually.ts';
import {type Published, publish} from './course.ts';

/** Short drains, gates and bakes, so that a release takes seconds; the script and every deadline are there to be met. */
export const configOf = (instance: InstanceFiles): string =>
  defaultConfig(instance)
    .replace('path = "/release"', 'path = "/release"\nscript = "deploy/start"\nscript-timeout = "2s"')
    .replace(/drain = .*/, 'drain = {port = 8080, protocol = "http1", timeout = "10s", quiet = "300ms"}')
    .replace(/interval = .*/, 'interval = "100ms"')
    .replace(/timeout = "20s"\n/, 'timeout = "4s"\n')
    .replace(/bake = .*/, 'bake = "1s"');

/** Boots every instance with a release of its own and waits until all are in traffic. */
export const bootFleet = async (region: Region): Promise<Published> => {
  const first = await publish(region, {number: 0, fs: 'ext4', bad: null});
  await region.desire(first.id);
  await region.boot();
  await eventually(
    'the fleet to be in traffic',
    () => region.balancer.ready().length === region.instances.length,
    {timeoutMs: 180_000, everyMs: 100},
  );
  return first;
};

/** Publishes one release ahead of its turn. */
export const publishAhead = (region: Region, plan: readonly Parameters<typeof publish>[1][]) => {
  let count = 0;
  const make = (): Promise<Published> | null => {
    const planned = plan[count];
    count += 1;
    if (!planned) return null;
    const made = publish(region, planned);
    made.catch(() => undefined); // told to the one that waits for it
    return made;
  };
  let ahead = make();
  return async (): Promise<Published | null> => {
    const next = await ahead;
    ahead = make();
    return next;
  };
};
