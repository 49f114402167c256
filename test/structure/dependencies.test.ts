/** Every dependency has its reason written down, and is used. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(await read('package.json')) as Manifest;
const page = await read('docs/dependencies.md');

/** The rows of the table under a heading: the cells of each. */
const rows = (heading: string): readonly (readonly string[])[] => {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter(line => line.startsWith('| `'))
    .map(line =>
      line
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim()),
    );
};
const names = (heading: string) => rows(heading).map(([name = '']) => name.replaceAll('`', ''));

const sourcesIn = async (...folders: readonly string[]): Promise<string> => {
  const texts = folders.map(async folder => {
    const files = (await readdir(join(ROOT, folder), {recursive: true})).filter(file => file.endsWith('.ts'));
    return (await Promise.all(files.map(file => read(join(folder, file))))).join('\n');
  });
  return (await Promise.all(texts)).join('\n');
};
const imports = (text: string, name: string): boolean =>
  new RegExp(`(?:from|import) '${name}(?:/[^']*)?'`).test(text);

t.test('the page lists what package.json does', async t => {
  const shipped = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.optionalDependencies)];
  t.same(names('In the package').toSorted(), shipped.toSorted());
  t.same(names('For building and testing only').toSorted(), Object.keys(manifest.devDependencies).toSorted());
});

t.test('every line says why', async t => {
  for (const [name = '', ...cells] of [...rows('In the package'), ...rows('For building and testing only')])
    t.ok(cells.length > 0 && cells.every(cell => cell !== ''), name);
  for (const [name] of rows('Not taken')) t.notOk(shippedHere(name ?? ''), `${name} is not taken`);
});

const shippedHere = (name: string): boolean => name.replaceAll('`', '') in manifest.dependencies;

t.test('what is shipped is used by the agent, and nothing else is', async t => {
  const agent = await sourcesIn('agent');
  for (const name of Object.keys(manifest.dependencies)) t.ok(imports(agent, name), `${name} is imported`);
  const packages = [...agent.matchAll(/from '([^'.][^']*)'/g)]
    .map(([, path = '']) => path)
    .filter(path => !path.startsWith('node:'))
    .map(path =>
      path
        .split('/')
        .slice(0, path.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  t.same(
    [...new Set(packages)].filter(name => !(name in manifest.dependencies)),
    [],
  );
});

t.test('every version is exact, and no package runs a script when it is installed', async t => {
  for (const [name, version] of Object.entries({
    ...manifest.dependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
  }))
    t.match(version, /^\d+\.\d+\.\d+$/, name);
  t.match(await read('.npmrc'), /^ignore-scripts=true$/m);
});
