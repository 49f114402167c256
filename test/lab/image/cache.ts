import {existsSync} from 'node:fs';
import {mkdir, readdir, rename, rm, stat, utimes} from 'node:fs/promises';
import {join} from 'node:path';

/** Where the lab keeps root file systems between runs; about 1 GB. */
export const cacheDir = (): string => process.env.RELEASE_AGENT_LAB_CACHE ?? '/var/cache/release-agent-lab';

/** The folder `name` of the cache, made by `build` (given a scratch folder to fill) when it is not there yet. */
export const cached = async (name: string, build: (scratch: string) => Promise<void>): Promise<string> => {
  const place = join(cacheDir(), name);
  if (existsSync(place)) {
    await used(place);
    return place;
  }
  await forgetUnused();
  const scratch = `${place}.building-${process.pid}`;
  await mkdir(scratch, {recursive: true});
  try {
    await build(scratch);
    await used(scratch); // what it is unpacked from sets older dates
    await rename(scratch, place);
  } catch (error) {
    // what cannot be removed now is an unused build a week later
    await rm(scratch, {recursive: true, force: true}).catch(() => undefined);
    if (!existsSync(place)) throw error; // two builders: the first to finish wins
  }
  return place;
};

const used = (place: string): Promise<void> => utimes(place, new Date(), new Date());

const HOUR_MS = 3_600_000;
// A virtual machine's image is 800 MB, and every change of the agent makes a new one.
const unusedMs = (name: string): number => (name.startsWith('vm-image-') ? HOUR_MS : 7 * 24 * HOUR_MS);

/** Removes what no run has used for a week or an hour: images of older recipes and packages, and what an interrupted build left. */
const forgetUnused = async (): Promise<void> => {
  for (const name of existsSync(cacheDir()) ? await readdir(cacheDir()) : []) {
    const place = join(cacheDir(), name);
    const isOurs = /^(base|layer|consul|moto|promtool|vm)(-|$)/.test(name);
    if (isOurs && !isBeingBuilt(name) && Date.now() - (await stat(place)).mtimeMs > unusedMs(name))
      await rm(place, {recursive: true, force: true});
  }
};

const isBeingBuilt = (name: string): boolean => {
  const pid = /\.building-(\d+)$/.exec(name)?.[1];
  return pid !== undefined && existsSync(`/proc/${pid}`);
};
