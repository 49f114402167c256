/** Which modules of the project reach which: by their imports. */
import {readdir, readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';

/** For each module, from the project's root, those that import it. */
export type Importers = ReadonlyMap<string, ReadonlySet<string>>;

/** Reads the imports of every module in `folders`. */
export const importersIn = async (root: string, folders: readonly string[]): Promise<Importers> => {
  const importers = new Map<string, Set<string>>();
  for (const file of (await Promise.all(folders.map(folder => modulesIn(root, folder)))).flat())
    for (const target of importsOf(file, await readFile(join(root, file), 'utf8')))
      importers.set(target, (importers.get(target) ?? new Set()).add(file));
  return importers;
};

/** Every module in a folder, from the project's root. */
export const modulesIn = async (root: string, folder: string): Promise<readonly string[]> =>
  (await readdir(join(root, folder), {recursive: true}))
    .filter(file => file.endsWith('.ts'))
    .map(file => join(folder, file))
    .toSorted();

/** The module itself and all that import it, also by way of others. */
export const reaching = (importers: Importers, file: string): ReadonlySet<string> => {
  const found = new Set([file]);
  for (const each of found) for (const importer of importers.get(each) ?? []) found.add(importer);
  return found;
};

const importsOf = (file: string, source: string): readonly string[] =>
  [...source.matchAll(/^(?:import|export|\}) (?!type )[^;]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gm)].map(
    ([, named, late]) => join(dirname(file), named ?? late ?? ''),
  );
