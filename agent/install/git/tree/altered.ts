import {access, rm} from 'node:fs/promises';
import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import type {Mirror} from '../mirror/mirror.ts';

interface Tracked {
  readonly mirror: Mirror;
  readonly revision: string;
  readonly tree: string;
  /** with the stat data of each file as it was staged; made anew when it is lost, and every file is read then */
  readonly index: string;
}

/**
 * Makes the tree's files what they are in the revision again, from the mirror alone, and gives the paths that were not. A file is
 * read only when its stat data is not the index's. Files that the revision does not have stay, and so do owners and modes but
 * for the executable bit, which is all that git knows. Throws `git.mirror-corrupt` and `disk.full`.
 */
export const restoreTree = async (tracked: Tracked, signal: AbortSignal): Promise<readonly string[]> => {
  const {git} = tracked.mirror;
  const options = {env: {GIT_WORK_TREE: tracked.tree, GIT_INDEX_FILE: tracked.index}};
  const refresh = async () => (await git.ask(['update-index', '--refresh'], options, signal)).exitCode;
  await rm(`${tracked.index}.lock`, {force: true});
  let answer = (await isThere(tracked.index)) ? await refresh() : NO_INDEX;
  if (answer !== SAME && answer !== ALTERED) {
    await rm(tracked.index, {force: true});
    await git.must(['read-tree', tracked.revision], options, signal);
    answer = await refresh();
  }
  if (answer === SAME) return [];
  // --numstat reads what is going to be written: what the mirror has lost fails here, before anything is removed
  const altered = await git.must(['diff-files', '-z', '--numstat', ...PLAIN], options, signal);
  // only writes what `refresh` found, whatever bytes its name has
  await git.must(['checkout-index', '--all', '--force', '--index', '--quiet'], options, signal);
  if ((await refresh()) !== SAME)
    throw new ReasonError(reason('git.mirror-corrupt', {cause: 'files differ after they were written anew'}));
  return altered.split('\0').flatMap(line => NUMBERS.exec(line)?.[1] ?? []);
};

const PLAIN = ['--no-renames', '--no-ext-diff', '--no-textconv'] as const;
const NUMBERS = /^[\d-]+\t[\d-]+\t(.+)$/s;

const isThere = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
};

// git update-index --refresh (without -q, which makes it 0): 1 for files that need an update, 128 for an index that it cannot read
const SAME = 0;
const ALTERED = 1;
const NO_INDEX = 128;
