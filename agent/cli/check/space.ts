import type {StatsFs} from 'node:fs';
import {statfs} from 'node:fs/promises';
import {dirname} from 'node:path';
import {FINE, type Part} from './part.ts';

/** What git releases are never allowed to use up; see agent/install/space.ts. */
const LOW_MIB = 256;

/** Room where the state is kept. Little of it is a note: how much a release needs is only known when it is staged. */
export const spacePart: Part = {
  name: 'the disk of state-dir',
  examine: async ({settings: {stateDir}}) => {
    const {bavail, bsize} = await statfsAbove(stateDir);
    const free = Math.floor((bavail * bsize) / 1_048_576);
    return free >= LOW_MIB
      ? FINE
      : {problems: [], notes: [`the disk of ${stateDir} has only ${free} MiB free`]};
  },
};

// The folder itself is made by the agent.
const statfsAbove = async (path: string): Promise<StatsFs> => {
  try {
    return await statfs(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === '/') throw error;
    return statfsAbove(dirname(path));
  }
};
