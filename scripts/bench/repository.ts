/** A repository of 50,000 files that gets one commit after another, each with one file in a hundred changed. */
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {run} from './run.ts';

const FOLDERS = 1_000;
const FILES = 50_000;
const CHANGED = FILES / 100;

export interface Repository {
  readonly url: string;
  readonly path: string;
  /** Commits the next release and gives its revision. */
  next(): Promise<string>;
}

/** Makes the repository with its first commit. */
export const makeRepository = async (path: string): Promise<Repository> => {
  await run(['git', 'init', '-q', '-b', 'main', path]);
  for (let folder = 0; folder < FOLDERS; folder += 1) mkdirSync(join(path, nameOfFolder(folder)));
  for (let file = 0; file < FILES; file += 1) writeFile(path, file, 0);
  let release = 0;
  const commit = async (): Promise<string> => {
    await run(['git', '-C', path, 'add', '-A']);
    await run(['git', '-C', path, ...AUTHOR, 'commit', '-q', '-m', `release ${release}`]);
    return (await run(['git', '-C', path, 'rev-parse', 'HEAD'])).trim();
  };
  await commit();
  return {
    path,
    url: `file://${path}`,
    next: async () => {
      release += 1;
      // spread over the folders, others each time
      for (let n = 0; n < CHANGED; n += 1) writeFile(path, (n * 100 + release) % FILES, release);
      return await commit();
    },
  };
};

const AUTHOR = ['-c', 'user.name=Bench', '-c', 'user.email=bench@example.org', '-c', 'gc.auto=0'];

const nameOfFolder = (folder: number): string => `folder-${folder}`;

// about 3 KB that compress as source code does
const writeFile = (path: string, file: number, release: number): void => {
  const line = `file ${file} of release ${release}: ${(file * 2_654_435_761) % 4_294_967_296}\n`;
  writeFileSync(
    join(path, nameOfFolder(file % FOLDERS), `file-${file}.txt`),
    line.repeat(1 + ((file * 7) % 150)),
  );
};
