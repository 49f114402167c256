import type {Mirror} from './mirror.ts';

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
