/** What is read beforehand, as texts and plans: nothing here touches a file. */

/** One command that reads files, or a part of one, to the end. */
export interface Piece {
  readonly command: readonly string[];
  readonly bytes: number;
  /** files that are wholly read once this one is done */
  readonly files: number;
}

interface Sized {
  readonly path: string;
  readonly size: number;
}

const MIB = 1_048_576;
/** Paths of one command, and of all. */
const GROUP = 200;
const PATHS = 20_000;
/** Bytes of one command: a cold block takes tens of milliseconds, and no command may take a minute. */
const LARGEST = 16 * MIB;

/**
 * The paths, relative to the folder, of files of which something is in memory, smaller ones first: of a huge one only a part may be
 * in use, and the time is bounded. From `fincore --raw --output RES,SIZE,FILE`.
 */
export const parseResident = (text: string, folder: string): readonly string[] =>
  text
    .split('\n')
    .flatMap(line => {
      const [, bytes, size, name = ''] = /^(\d+) (\d+) (.+)$/.exec(line) ?? [];
      const path = decode(name);
      const isRead = Number(bytes) > 0 && path.startsWith(`${folder}/`);
      return isRead ? [{path: path.slice(folder.length + 1), size: Number(size)}] : [];
    })
    .sort((a, b) => a.size - b.size)
    .map(({path}) => path);

// blanks and what is not ASCII are written byte by byte, as \x20
const decode = (name: string): string =>
  Buffer.from(
    Buffer.from(name, 'utf8')
      .toString('latin1')
      .replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** As many paths as one command takes, again and again; not endlessly many. Names with line ends are left out. */
export const groupsOf = (paths: readonly string[]): readonly (readonly string[])[] => {
  const plain = paths.filter(path => !path.includes('\n')).slice(0, PATHS);
  const starts = Array.from({length: Math.ceil(plain.length / GROUP)}, (_, n) => n * GROUP);
  return starts.map(start => plain.slice(start, start + GROUP));
};

/** Lines of `size path`. */
export const parseSizes = (text: string): readonly Sized[] =>
  text.split('\n').flatMap(line => {
    const [, size, path] = /^(\d+) (.+)$/.exec(line) ?? [];
    return path === undefined ? [] : [{path, size: Number(size)}];
  });

/** Commands that read these files to their ends, each about `most` bytes or fewer, in whole MiB: large files in parts, small ones together. */
export const piecesOf = (files: readonly Sized[], most: number): readonly Piece[] => {
  const limit = Math.max(MIB, Math.floor(Math.min(most, LARGEST) / MIB) * MIB);
  const large = files.filter(({size}) => size > limit).flatMap(file => partsOf(file, limit));
  const small = files.filter(({size}) => size <= limit);
  return [...together(small, limit), ...large];
};

const partsOf = ({path, size}: Sized, limit: number): readonly Piece[] =>
  Array.from({length: Math.ceil(size / limit)}, (_, n) => {
    const start = n * limit;
    const part = ['bs=1M', `skip=${start / MIB}`, `count=${limit / MIB}`, 'status=none'];
    const bytes = Math.min(limit, size - start);
    return {
      command: ['dd', `if=${path}`, 'of=/dev/null', ...part],
      bytes,
      files: start + bytes === size ? 1 : 0,
    };
  });

// `wc -l` has to read them, and does so at the speed of memory
const together = (files: readonly Sized[], limit: number): readonly Piece[] => {
  const groups: {paths: string[]; bytes: number}[] = [];
  for (const {path, size} of files) {
    const open = groups.at(-1);
    if (open && open.bytes + size <= limit) {
      open.paths.push(path);
      open.bytes += size;
    } else groups.push({paths: [path], bytes: size});
  }
  return groups.map(({paths, bytes}) => ({
    command: ['wc', '-l', '--', ...paths],
    bytes,
    files: paths.length,
  }));
};
