/** With the options of the unit Node has no WebAssembly, and so not what it builds on it: nothing that is shipped may name these. */
import {execFile} from 'node:child_process';
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import t, {type Test} from 'tap';
import {OF_UNIT} from '../../agent/host/ec2/channel.ts';
import {isOfAgent, shippedOptions, testFiles} from '../../scripts/as-shipped.ts';
import {temporaryFolder} from '../support/temporary.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Each with a program that prints "missing" where it cannot be used; `url` is of a server that answers. */
const MISSING: Readonly<Record<string, string>> = {
  WebAssembly: `typeof WebAssembly === 'undefined' && say()`,
  fetch: `fetch(url).catch(say)`,
  EventSource: `typeof EventSource === 'undefined' && say()`,
  stripTypeScriptTypes: `try { module.stripTypeScriptTypes('let x: number') } catch { say() }`,
};

/** There, but of no use without fetch, and a megabyte to load. */
const COMPANIONS = ['Request', 'Response', 'Headers', 'FormData', 'WebSocket', 'EventSource'];

const USES: readonly RegExp[] = [
  /(?<![\w.$'"`/-])fetch\s*\(/,
  /(?:globalThis|window|self)\.fetch\b/,
  /\bWebAssembly\s*[.[]/,
  new RegExp(`\\bnew (?:globalThis\\.)?(?:${COMPANIONS.join('|')})\\b`),
  /\bstripTypeScriptTypes\b/,
  /(?:from|import\(|require\()\s*['"](?:undici|(?:node:)?wasi|amaro)['"]/,
];

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

const lookFor = (t: Test, name: string, text: string): void => {
  for (const use of USES)
    t.notMatch(use.exec(withoutComments(text))?.[0] ?? '', /./, `${name}: ${use.source}`);
};

t.test('no source of the agent names what is not there', async t => {
  const files = (await readdir(join(ROOT, 'agent'), {recursive: true})).filter(file => file.endsWith('.ts'));
  t.ok(files.length > 50);
  for (const file of files) lookFor(t, file, await readFile(join(ROOT, 'agent', file), 'utf8'));
});

t.test('neither does what is bundled with it', async t => {
  const folder = await temporaryFolder(t);
  await promisify(execFile)('node', [join(ROOT, 'packaging/bundle.ts'), folder]);
  for (const file of ['release-agentd.cjs', 'ec2-worker.cjs'])
    lookFor(t, file, await readFile(join(folder, file), 'utf8'));
});

t.test('only the directory store is imported late: a bundler leaves nothing out of what is', async t => {
  const files = (await readdir(join(ROOT, 'agent'), {recursive: true})).map(file => `agent/${file}`);
  const daemon = files.filter(file => file.endsWith('.ts') && !/^agent\/(?:cli\/|agentctl)/.test(file));
  const late: string[] = [];
  for (const file of [...daemon, 'packaging/entry.ts'])
    for (const [, what] of (await readFile(join(ROOT, file), 'utf8')).matchAll(/\bimport\('([^']+)'\)/g))
      late.push(`${file} ${what}`);
  t.same(late, ['agent/store/open.ts ./directory.ts']);
});

t.test('what is looked for would be found', async t => {
  const bad = [
    'const reply = await fetch(url);',
    'return fetch(url, {signal})',
    'globalThis.fetch',
    'WebAssembly.compile(bytes)',
    'new Response(body)',
    'new Headers()',
    "new WebSocket('ws://x')",
    "import {request} from 'undici';",
    "require('node:wasi')",
  ];
  for (const text of bad)
    t.ok(
      USES.some(use => use.test(text)),
      text,
    );
});

t.test('it is really not there', async t => {
  const options = await shippedOptions();
  for (const option of ['--lite-mode', '--expose-gc']) t.ok(options.includes(option), options.join(' '));
  for (const [name, program] of Object.entries(MISSING)) {
    const script = `
      const say = () => { console.log('missing'); process.exit() };
      const server = require('node:http').createServer((message, response) => response.end('yes'));
      server.listen(0, '127.0.0.1', () => {
        const url = 'http://127.0.0.1:' + server.address().port;
        setTimeout(() => process.exit(), 5_000);
        ${program};
      });`;
    const {stdout} = await promisify(execFile)(process.execPath, [...options, '--eval', script]);
    t.equal(stdout, 'missing\n', name);
  }
});

t.test('the process that asks EC2 has them all', async t => {
  for (const option of await shippedOptions()) t.match(option, OF_UNIT);
  t.notMatch('--import=x', OF_UNIT);
});

t.test('the suites of the agent run with these options, those of its tools do not', async t => {
  const folders = new Set((await testFiles()).filter(isOfAgent).map(file => file.split('/')[1]));
  for (const folder of ['activate', 'cli', 'core', 'host', 'install', 'runtime', 'store', 'traffic'])
    t.ok(folders.has(folder), folder);
  for (const folder of ['lab', 'night', 'packaging', 'structure']) t.notOk(folders.has(folder), folder);
});
