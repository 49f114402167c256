import {once} from 'node:events';
import {renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {consulProgram} from '../image/prepare.ts';
import {type Region, startRegion} from '../region.ts';
import {serveControl} from './control.ts';

/** What `scripts/lab status` reads. */
export type LabFacts = {
  readonly consul: string;
  readonly consulProgram: string;
  readonly ec2: string;
  readonly balancer: string;
  readonly git: string;
  readonly releases: Readonly<Record<string, string>>;
};

/** Holds a region until SIGTERM or SIGINT: starts it, seeds releases, asks for the first one, boots the instances. */
export const supervise = async ({
  name,
  instances,
  deb,
}: {
  name: string;
  instances: number;
  deb?: string;
}): Promise<number> => {
  const region = await startRegion({name, instances, ...(deb ? {deb} : {})});
  const over = new AbortController();
  for (const end of ['SIGTERM', 'SIGINT'] as const) process.once(end, () => over.abort());
  try {
    const releases = await seed(region);
    await region.desire(releases['release 1'] ?? '');
    await region.boot();
    const control = serveControl(region);
    await writeFacts(region, releases);
    if (!over.signal.aborted) await once(over.signal, 'abort');
    control.close().closeAllConnections();
  } finally {
    await region.down();
  }
  return 0;
};

const seed = async ({publish}: Region): Promise<Record<string, string>> => ({
  'release 1': await publish({name: '1'}, 'ext4'),
  'release 2': await publish({name: '2'}, 'ext4'),
  'release 3, which fails its gate': await publish({name: '3', sick: true}, 'ext4'),
  'release 1, from git': await publish({name: '1-git'}, 'git'),
  'release 2, from git': await publish({name: '2-git'}, 'git'),
  'release 3, from git, which crashes': await publish({name: '3-git', crash: true}, 'git'),
});

const writeFacts = async (region: Region, releases: LabFacts['releases']): Promise<void> => {
  const facts: LabFacts = {
    consul: region.consul.address,
    consulProgram: await consulProgram(),
    ec2: region.ec2.address,
    balancer: region.balancer.address,
    git: region.git.url,
    releases,
  };
  writeFileSync(join(region.dir, 'lab.new'), JSON.stringify(facts, null, 2));
  renameSync(join(region.dir, 'lab.new'), join(region.dir, 'lab.json'));
};
