/** Releases that no careful build would make: a folder of the lab's application, changed, as a snapshot or a commit. */
import {chmod, mkdtemp, rm, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {writeRelease} from '../../lab/application/releases.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import {must} from '../../lab/run.ts';
import type {Lane} from './lane.ts';

type Change = (folder: string) => Promise<unknown>;

let count = 0;

/** A folder with a release in it; `change` spoils it. */
const spoil = async ({region, instance}: Lane, change: Change): Promise<Published & {folder: string}> => {
  const release = {name: `special-${instance.index}-${++count}`};
  const folder = await mkdtemp(join(region.dir, 'special-'));
  await writeRelease(folder, release);
  await change(folder);
  return {id: '', release, folder};
};

/** A commit of it that the remote has, without a branch; `more` are further arguments of update-index. */
export const commitOf = async (
  lane: Lane,
  change: Change,
  {bare = lane.region.git.bare, more = []}: {bare?: string; more?: readonly string[]} = {},
): Promise<Published> => {
  const {release, folder} = await spoil(lane, change);
  const id = await commit(folder, {bare, more});
  return {id, release};
};

const ME = {GIT_AUTHOR_NAME: 'Lab', GIT_AUTHOR_EMAIL: 'lab@localhost'};
const ENVIRONMENT = {
  ...ME,
  GIT_COMMITTER_NAME: 'Lab',
  GIT_COMMITTER_EMAIL: 'lab@localhost',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
};

const commit = async (
  folder: string,
  {bare, more}: {bare: string; more: readonly string[]},
): Promise<string> => {
  const env = {...ENVIRONMENT, GIT_DIR: bare, GIT_WORK_TREE: folder, GIT_INDEX_FILE: `${folder}.index`};
  const git = async (...args: string[]) => (await must(['git', '-C', folder, ...args], {env})).trim();
  await git('add', '--all', '--force');
  if (more.length > 0) await git('update-index', ...more);
  const id = await git('commit-tree', '-m', 'special', await git('write-tree'));
  await git('update-ref', `refs/heads/special/${id}`, id);
  return id;
};

/** An object of the remote's repository that is no commit: the tree of a commit, or a file of it. */
export const objectOf = async ({region}: Lane, {id}: Published, path: string): Promise<string> =>
  (await must(['git', '-C', region.git.bare, 'rev-parse', `${id}:${path}`], {env: ENVIRONMENT})).trim();

/** An empty repository beside the remote's. */
export const otherRepository = async ({region}: Lane): Promise<string> => {
  const bare = await mkdtemp(join(region.dir, 'other-'));
  await must(['git', 'init', '--quiet', '--bare', bare], {env: ENVIRONMENT});
  return bare;
};

/** The remote gets a commit that another repository has. */
export const pushTo = async ({region}: Lane, {id}: Published, from: string): Promise<void> => {
  await must(
    [
      'git',
      '-C',
      region.git.bare,
      'fetch',
      '--quiet',
      from,
      `refs/heads/special/${id}:refs/heads/special/${id}`,
    ],
    {
      env: ENVIRONMENT,
    },
  );
};

/** A snapshot of an image file that `make` writes. */
export const snapshotOf = async (
  {region}: Lane,
  make: (image: string) => Promise<unknown>,
): Promise<Published> => {
  count += 1;
  const image = join(region.dir, `special-${count}.img`);
  await make(image);
  const id = await region.ec2.createSnapshot({from: image});
  await rm(image);
  return {id, release: {name: `special-${count}`}};
};

/** A release whose script is another one; null: it has none. */
export const withScript =
  (text: string | null, mode = 0o755): Change =>
  async folder => {
    const script = join(folder, 'deploy/start');
    await rm(script);
    if (text === null) return;
    await writeFile(script, text);
    await chmod(script, mode);
  };

/** A release whose script is a link. */
export const withLink =
  (target: string): Change =>
  async folder => {
    const script = join(folder, 'deploy/start');
    await rm(script);
    await symlink(target, script);
  };
