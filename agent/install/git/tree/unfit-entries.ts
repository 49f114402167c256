import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import type {Mirror} from '../mirror/mirror.ts';
import {contentsOf, type TreeEntry} from './entries.ts';

interface Tree {
  readonly mirror: Mirror;
  readonly revision: string;
  readonly entries: readonly TreeEntry[];
}

const SUBMODULE_MODE = '160000';
const LINK_MODE = '120000';

/**
 * Refuses trees that would not be whole when written out: submodules and LFS. Throws `git.submodule` and `git.lfs`.
 * Links that point out of the tree are allowed (shared folders are linked that way): a release's own code can open the
 * same files, git never writes through a link, and the agent follows none when it deletes.
 */
export const refuseIncomplete = async (tree: Tree, signal: AbortSignal): Promise<void> => {
  const {revision, entries} = tree;
  const submodule = entries.find(({mode, path}) => mode === SUBMODULE_MODE || path === '.gitmodules');
  if (submodule) throw new ReasonError(reason('git.submodule', {revision, path: submodule.path}));
  await refuseAttributes(tree, signal);
  await refusePointers(tree, signal);
};

const LFS_ATTRIBUTE = /^[^#\n]*\sfilter=lfs\s*(?:\s.*)?$/m;
const MAX_ATTRIBUTES = 1_048_576;

const refuseAttributes = async ({mirror, revision, entries}: Tree, signal: AbortSignal): Promise<void> => {
  const files = entries.filter(
    ({path, size}) => /(?:^|\/)\.gitattributes$/.test(path) && size <= MAX_ATTRIBUTES,
  );
  for (const {id, path} of files)
    for (const text of await contentsOf(mirror, [id], signal))
      if (LFS_ATTRIBUTE.test(text)) throw new ReasonError(reason('git.lfs', {revision, path}));
};

// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: version, oid and size, in 127 to 146 bytes without extensions
const POINTER = /^([0-9a-f]{40,64}) blob \d+\nversion https:\/\/git-lfs\.github\.com\/spec\//m;
const POINTER_SIZE = {min: 100, max: 200} as const;

const refusePointers = async ({mirror, revision, entries}: Tree, signal: AbortSignal): Promise<void> => {
  const candidates = entries.filter(
    ({mode, size}) => mode !== LINK_MODE && size >= POINTER_SIZE.min && size <= POINTER_SIZE.max,
  );
  const ids = [...new Set(candidates.map(({id}) => id))];
  for (const text of await contentsOf(mirror, ids, signal)) {
    const pointer = POINTER.exec(text)?.[1];
    const path = candidates.find(({id}) => id === pointer)?.path;
    if (path !== undefined) throw new ReasonError(reason('git.lfs', {revision, path}));
  }
};
