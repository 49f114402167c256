/** Imports go one way: runtime → stages → host, everything → core, core → core. And the core is pure. */
import {readdir, readFile} from 'node:fs/promises';
import {dirname, join, normalize} from 'node:path';
import t from 'tap';

const ROOT = new URL('../../agent', import.meta.url).pathname;

/** What a folder may import besides itself, `core`, `ports.ts` and packages. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  core: [],
  config: ['host'],
  host: [],
  journal: ['host'],
  consul: ['host', 'config'],
  store: ['consul', 'host', 'config'],
  install: ['host', 'config'],
  activate: ['host', 'config'],
  traffic: ['consul', 'host', 'config'],
  gate: ['host', 'config'],
  notify: ['host', 'config'],
  control: ['host', 'config', 'journal'],
  cli: ['control', 'config', 'host', 'install', 'notify', 'store', 'traffic'],
  runtime: [
    'activate',
    'config',
    'control',
    'gate',
    'host',
    'install',
    'journal',
    'notify',
    'store',
    'traffic',
  ],
  '.': ['cli', 'config', 'control', 'host', 'runtime'],
};

/** The only packages of the core: they are pure as well. */
const PURE_PACKAGES = ['valibot'];
const IMPURE =
  /\b(?:Date\b|Math\.random|Promise\b|async\b|await\b|setTimeout|setInterval|process\b|performance\b|console\b|globalThis\b)/;

const files = (await readdir(ROOT, {recursive: true})).filter(file => file.endsWith('.ts'));

const importsOf = (text: string): readonly string[] =>
  [
    ...text.matchAll(
      /(?:^|[\s;])(?:import|export)\b[^'";]*?\bfrom\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^import '([^']+)'/gm,
    ),
  ].map(match => match[1] ?? match[2] ?? match[3] ?? '');

const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '.') : '.');
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

t.test('every import goes the right way', async t => {
  t.ok(files.length > 50, 'the agent was found');
  for (const file of files) {
    const from = folderOf(file);
    for (const target of importsOf(await readFile(join(ROOT, file), 'utf8'))) {
      if (!target.startsWith('.')) continue;
      const path = normalize(join(dirname(file), target));
      if (path.startsWith('../')) continue;
      const to = folderOf(path);
      const allowed =
        to === from ||
        to === 'core' ||
        path === 'ports.ts' ||
        path === 'version.ts' ||
        MAY[from]?.includes(to);
      t.ok(allowed, `${file} imports ${path}`);
    }
  }
});

t.test('the core takes nothing from outside and does nothing by itself', async t => {
  for (const file of files.filter(name => folderOf(name) === 'core')) {
    const text = await readFile(join(ROOT, file), 'utf8');
    for (const target of importsOf(text)) {
      t.ok(target.startsWith('.') || PURE_PACKAGES.includes(target), `${file} imports ${target}`);
    }
    const found = IMPURE.exec(withoutComments(text).replace(/'[^']*'|`[^`]*`/g, "''"));
    t.notOk(found, `${file} uses ${found?.[0] ?? 'nothing impure'}`);
  }
});

t.test('ports.ts is the one page that knows only the core', async t => {
  const targets = importsOf(await readFile(join(ROOT, 'ports.ts'), 'utf8'));
  t.ok(targets.length > 0 && targets.every(target => target.startsWith('./core/')));
});
