import {randomFillSync} from 'node:crypto';
import {mkdir, mkdtemp, open, rm, statfs} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {writeRelease} from '../../test/lab/application/releases.ts';
import type {Region} from '../../test/lab/region.ts';

/** How long the lab's application takes to start. */
export const START_S = 3;

const MIB = 1 << 20;
const FILE_MIB = 64;

/** Publishes a snapshot of the lab's application with so much data beside it, in files of up to 64 MiB without a hole. */
export const publishOf = async (region: Region, name: string, mebibytes: number): Promise<string> => {
  await requireRoom(mebibytes);
  const folder = await mkdtemp(join(tmpdir(), 'release-agent-bench-'));
  try {
    await writeRelease(folder, {name, startDelayS: START_S});
    await mkdir(join(folder, 'data'));
    const chunk = randomFillSync(Buffer.alloc(MIB));
    for (let written = 0; written < mebibytes; written += FILE_MIB) {
      const size = Math.min(FILE_MIB, mebibytes - written);
      const file = await open(join(folder, 'data', `part-${written / FILE_MIB}`), 'w');
      for (let n = 0; n < size; n += 1) {
        chunk.writeUInt32LE(written + n); // no two blocks alike
        await file.write(chunk);
      }
      await file.close();
    }
    return await region.ec2.createSnapshot({from: folder, fs: 'ext4', tags: {app: 'web', release: name}});
  } finally {
    await rm(folder, {recursive: true});
  }
};

/** The folder and the image of it; later the image and the volume made from it. */
const requireRoom = async (mebibytes: number): Promise<void> => {
  const {bavail, bsize} = await statfs(tmpdir());
  const free = (bavail * bsize) / MIB;
  const needed = 2.2 * mebibytes + 4_096;
  if (free < needed)
    throw new Error(`expected ${Math.ceil(needed)} MiB free in ${tmpdir()}, found ${Math.floor(free)}`);
};
