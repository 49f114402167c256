import type {Entry} from '../../../agent/ports.ts';

export const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);

export interface Folders {
  set(entry: Entry): void;
  remove(key: string): void;
  /** everything anew */
  fill(entries: Iterable<Entry>): void;
  /** the entries of a folder in order of keys; the same array while nothing changes there */
  read(folder: string): readonly Entry[];
}

/** The entries by folder, always in order: a folder of hundreds is read again and again. */
export const createFolders = (): Folders => {
  const folders = new Map<string, readonly Entry[]>();
  const read = (folder: string): readonly Entry[] => folders.get(folder) ?? [];
  const set = (entry: Entry): void => {
    const folder = folderOf(entry.key);
    const before = read(folder);
    const place = placeOf(before, entry.key);
    folders.set(
      folder,
      before[place]?.key === entry.key ? before.with(place, entry) : before.toSpliced(place, 0, entry),
    );
  };
  return {
    set,
    remove: key => {
      const folder = folderOf(key);
      const before = read(folder);
      const place = placeOf(before, key);
      if (before[place]?.key === key) folders.set(folder, before.toSpliced(place, 1));
    },
    fill: entries => {
      folders.clear();
      for (const entry of entries) set(entry);
    },
    read,
  };
};

/** Where the key stands, or would. */
const placeOf = (entries: readonly Entry[], key: string): number => {
  let [from, to] = [0, entries.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((entries[middle]?.key ?? '') < key) from = middle + 1;
    else to = middle;
  }
  return from;
};
