import type {Git} from '../mirror/git.ts';
import type {Mirror} from '../mirror/mirror.ts';

/** One file, link or submodule of a tree. */
export interface TreeEntry {
  readonly mode: string;
  readonly id: string;
  /** bytes; 0 for a submodule */
  readonly size: number;
  readonly path: string;
}

const LINE = /^(\d{6}) \w+ ([0-9a-f]+) +(\d+|-)\t(.*)$/s;

/** Everything in the revision's tree, in git's order. Throws `git.mirror-corrupt`. */
export const treeEntries = async (
  {git}: Mirror,
  revision: string,
  signal: AbortSignal,
): Promise<readonly TreeEntry[]> => {
  const listing = await git.must(['ls-tree', '-r', '-l', '-z', '--full-tree', revision], {}, signal);
  return listing.split('\0').flatMap(line => {
    const [, mode, id, size, path] = LINE.exec(line) ?? [];
    return mode && id && size && path ? [{mode, id, path, size: size === '-' ? 0 : Number(size)}] : [];
  });
};

const CHANGE = /^:\d{6} (\d{6}) [0-9a-f]+ ([0-9a-f]+) \w+$/;

/** What the revision's tree has that `since` has not, or has otherwise. Throws `git.mirror-corrupt`. */
export const changedEntries = async (
  {git}: Mirror,
  {since, revision}: {readonly since: string; readonly revision: string},
  signal: AbortSignal,
): Promise<readonly TreeEntry[]> => {
  const listing = await git.must(['diff-tree', '-r', '-z', '--no-renames', since, revision], {}, signal);
  const fields = listing.split('\0');
  const changes = fields.flatMap((field, index) => {
    const [, mode, id] = CHANGE.exec(field) ?? [];
    const path = fields[index + 1];
    return mode && id && path && mode !== '000000' ? [{mode, id, path}] : [];
  });
  const sizes = await sizesOf(
    git,
    changes.map(({id}) => id),
    signal,
  );
  return changes.map(change => ({...change, size: sizes.get(change.id) ?? 0}));
};

// A submodule's commit is missing here, and has no size.
const sizesOf = async (
  git: Git,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, number>> => {
  const format = '--batch-check=%(objectname) %(objectsize)';
  const listing = await git.must(['cat-file', format], {input: ids.map(id => `${id}\n`).join('')}, signal);
  const lines = listing.split('\n').map(line => line.split(' '));
  return new Map(lines.map(([id = '', size]) => [id, Number(size) || 0]));
};

const BATCH = 20_000;

/** The contents of these objects as one text per batch, each after a line `<id> <type> <size>`. Binary is garbled. */
export const contentsOf = async (
  {git}: Mirror,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const texts: string[] = [];
  for (let start = 0; start < ids.length; start += BATCH) {
    const input = `${ids.slice(start, start + BATCH).join('\n')}\n`;
    texts.push(await git.must(['cat-file', '--batch'], {input}, signal));
  }
  return texts;
};
