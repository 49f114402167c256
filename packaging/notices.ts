import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';

/** The folders (`node_modules/…`) of the packages that these source files (paths as esbuild names them) came from, sorted. */
export const bundledPackages = (inputs: readonly string[]): readonly string[] => {
  const folders = inputs.map(path => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  return [...new Set(folders.filter(folder => folder !== undefined))].sort();
};

/** Name, version, licence and the full licence text of each package; equal texts once. Throws when a package names no licence. */
export const noticesOf = async (root: string, folders: readonly string[]): Promise<string> => {
  const packages = await Promise.all(folders.map(folder => readPackage(join(root, folder))));
  const byText = Map.groupBy(packages, ({text}) => text);
  const parts = [...byText].map(([text, of]) => {
    const names = of.map(({name, version, license}) => `${name} ${version} (${license})`);
    return [...new Set(names)].join('\n') + (text === '' ? '\n' : `\n\n${text}\n`);
  });
  const rule = `\n${'-'.repeat(100)}\n\n`;
  return `The programs of this package contain the following packages.\n${rule}${parts.join(rule)}`;
};

interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** empty when the package brings none: its licence is one that Debian has in /usr/share/common-licenses */
  readonly text: string;
}

const readPackage = async (folder: string): Promise<Bundled> => {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const field = (name: string): string => {
    const value = (manifest as Readonly<Record<string, unknown>>)[name];
    if (typeof value !== 'string') throw new Error(`${folder}/package.json: expected "${name}" to be a text`);
    return value;
  };
  const files = (await readdir(folder)).filter(name => /^(?:licen[cs]e|notice|copying)/i.test(name)).sort();
  const texts = await Promise.all(
    files.map(async name => (await readFile(join(folder, name), 'utf8')).trim()),
  );
  return {
    name: field('name'),
    version: field('version'),
    license: field('license'),
    text: texts.join('\n\n').replaceAll('\r\n', '\n'),
  };
};
