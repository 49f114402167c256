import {chmod, mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {run} from '../../../host/process/process.ts';
import type {Mirror} from '../mirror/mirror.ts';

/** A folder with a tree and the index that knows each file's stat data. */
export interface Working {
  readonly tree: string;
  readonly index: string;
  /** what the tree holds and how big it is */
  readonly record: string;
}

export const workingIn = (folder: string): Working => ({
  tree: join(folder, 'tree'),
  index: join(folder, 'index'),
  record: join(folder, 'record.json'),
});

interface WriteOptions {
  readonly mirror: Mirror;
  readonly revision: string;
  readonly folder: string;
  readonly idle?: boolean;
}

/**
 * Makes the tree equal the revision's, byte for byte, with its modes and links. Files that are right already, by the stat
 * data in the index, stay; others are written anew. Throws `git.mirror-corrupt` or `disk.full`.
 */
export const writeTree = async (
  {mirror, revision, folder, idle = false}: WriteOptions,
  signal: AbortSignal,
): Promise<void> => {
  const {tree, index} = workingIn(folder);
  await mkdir(tree, {recursive: true});
  await chmod(tree, 0o755);
  const env = {GIT_WORK_TREE: tree, GIT_INDEX_FILE: index};
  await mirror.git.must(['read-tree', '--reset', '-u', revision], {env, idle}, signal);
};

/**
 * Writes the index anew. Files as young as their index are read as a whole when it is used next (git's "racy" entries);
 * a while later they no longer are.
 */
export const settleIndex = async (
  {mirror, folder}: Pick<WriteOptions, 'mirror' | 'folder'>,
  signal: AbortSignal,
): Promise<void> => {
  const {tree, index} = workingIn(folder);
  const env = {GIT_WORK_TREE: tree, GIT_INDEX_FILE: index};
  await mirror.git.must(
    ['update-index', '-q', '--refresh', '--force-write-index'],
    {env, idle: true},
    signal,
  );
};

/** Waits until everything written to the disk of `path` is on it (syncfs: one flush, not one for each file). */
export const syncDisk = async (
  path: string,
  {timeoutMs}: {readonly timeoutMs: number},
  signal: AbortSignal,
): Promise<void> => {
  await run('sync', ['--file-system', '--', path], {timeoutMs}, signal);
};
