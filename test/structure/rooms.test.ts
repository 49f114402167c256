/** Inside a folder imports go one way too: each room from the lower ones only. And no file is imported by what it imports. */
import {readdir, readFile} from 'node:fs/promises';
import {dirname, join, normalize} from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '../../agent');

/**
 * The rooms of a folder, lowest first: subfolders with a slash at the end, single files without. What is not named is the
 * folder's own, above all of its rooms.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  runtime: [
    'ledger.ts',
    'self.ts',
    'tasks.ts',
    'aside.ts',
    'sweep.ts',
    'effects/',
    'health/',
    'loop/',
    'shutdown/',
    'telling/',
    'fleet/',
    'operator/',
  ],
  'core/host': [
    'rules.ts',
    'state.ts',
    'event.ts',
    'event-input.ts',
    'effect.ts',
    'status.ts',
    'step.ts',
    'reading.ts',
    'why.ts',
    'describe.ts',
    'shutdown.ts',
    'attempt/',
    'phases/',
  ],
  core: ['policy/', 'host/', 'fleet/'],
  host: [
    'missing.ts',
    'files.ts',
    'clock.ts',
    'pause.ts',
    'time-limit.ts',
    'blocker.ts',
    'log.ts',
    'boot-id.ts',
    'secret-file.ts',
    'exclusive.ts',
    'http/',
    'process/',
    'groups.ts',
    'imds/',
    'ec2/',
    'systemd/',
    'mount/',
    'sockets/',
  ],
  config: ['compact.ts', 'settings.ts', 'options/', 'fragments/', 'rules/'],
  'install/git': ['mirror/', 'tree/'],
  'install/ebs': ['volume/'],
};

/** No folder has more files side by side than a reader takes in, but for tables of one kind: a file for each row. */
const FILES_LIMIT = 15;
const TABLES: readonly string[] = ['core/host/phases', 'cli/verbs'];

const files = (await readdir(ROOT, {recursive: true})).filter(file => file.endsWith('.ts'));
const importsOf = async (file: string): Promise<readonly string[]> => {
  const text = await readFile(join(ROOT, file), 'utf8');
  return [...text.matchAll(/\bfrom\s*'(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/g)]
    .map(match => normalize(join(dirname(file), match[1] ?? match[2] ?? '')))
    .filter(path => !path.startsWith('..'));
};
const graph = new Map(await Promise.all(files.map(async file => [file, await importsOf(file)] as const)));

/** Where a file of the folder stands: the number of its room; the folder's own files stand above them all. */
const heightOf = (folder: string, path: string): number => {
  const inside = path.slice(folder.length + 1);
  const [first = ''] = inside.split('/', 1);
  const at = (ROOMS[folder] ?? []).indexOf(first === inside ? inside : `${first}/`);
  return at === -1 ? Number.POSITIVE_INFINITY : at;
};

// Files of `core` itself are the words that all of it speaks.
const isCommon = (folder: string, target: string): boolean =>
  folder === 'core' && !target.slice('core/'.length).includes('/');

t.test('no room imports one above it', async t => {
  for (const folder of Object.keys(ROOMS))
    for (const [file, targets] of graph)
      for (const target of targets)
        if (file.startsWith(`${folder}/`) && target.startsWith(`${folder}/`) && !isCommon(folder, target))
          t.ok(heightOf(folder, target) <= heightOf(folder, file), `${file} imports ${target}`);
});

t.test('every room that is named is there, and every subfolder is named', async t => {
  for (const [folder, rooms] of Object.entries(ROOMS)) {
    for (const room of rooms)
      t.ok(
        files.some(file => file.startsWith(`${folder}/${room}`)),
        `${folder}/${room}`,
      );
    const inside = files
      .filter(file => file.startsWith(`${folder}/`))
      .map(file => file.slice(folder.length + 1));
    const folders = new Set(inside.filter(path => path.includes('/')).map(path => `${path.split('/')[0]}/`));
    t.same(
      [...folders].filter(each => !rooms.includes(each)),
      [],
      `rooms of ${folder}`,
    );
  }
});

t.test('no file is imported by what it imports', async t => {
  const done = new Set<string>();
  const circle = (file: string, way: readonly string[]): readonly string[] | null => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const target of graph.get(file) ?? []) {
      const found = circle(target, [...way, file]);
      if (found) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of files) t.equal(circle(file, [])?.join(' → '), undefined, file);
});

t.test('no folder is a crowd', async t => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  for (const [folder, count] of counts)
    if (!TABLES.includes(folder)) t.ok(count <= FILES_LIMIT, `${folder} has ${count} files`);
  const prefixes = new Map<string, readonly string[]>();
  for (const file of files) {
    const [prefix, rest] = (file.split('/').at(-1) ?? '').split('-', 2);
    const key = `${dirname(file)}/${prefix}`;
    if (rest !== undefined) prefixes.set(key, [...(prefixes.get(key) ?? []), file]);
  }
  for (const [prefix, same] of prefixes) t.ok(same.length < 4, `${prefix}-: ${same.join(', ')}`);
});
