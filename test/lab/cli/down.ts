import {endProcess} from '../process.ts';
import {listRegions, removeLeftovers} from '../resources.ts';

/** Ends a region (or all of them): its process when it lives, and what it left. */
export const down = async ({name, all}: {name: string; all: boolean}): Promise<number> => {
  const regions = listRegions().filter(region => all || region.name === name);
  for (const region of regions) {
    if (region.isAlive) await endProcess(region.owner, 90_000);
    await removeLeftovers(region.name);
    process.stdout.write(`region ${region.name} is gone\n`);
  }
  if (regions.length === 0)
    process.stdout.write(all ? 'no region is running\n' : `region ${name} is not running\n`);
  return 0;
};
