/** What the simulation runs knows no time and no chance but its clock's: one machine's clock there, and no run repeats. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';

const RUNTIME = join(import.meta.dirname, '../../agent/runtime');

/** Folders and files of the runtime that a simulated host is made of. */
const SIMULATED = [
  'loop/',
  'fleet/',
  'telling/',
  'effects/boot-view.ts',
  'effects/effects.ts',
  'effects/executors.ts',
  'effects/kept-out.ts',
];
/** Tells the service manager, on a real machine alone. */
const NOT_SIMULATED = ['loop/readiness.ts', 'loop/record.ts'];

const BY_ITSELF: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bMath\.random\b/,
  /\bperformance\b/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
  /\bnode:timers\b/,
  /\bAbortSignal\.timeout\b/,
  /\bsystemClock\b/,
  /\bpause\(/,
  /\bbackoff\(/,
  /\bjittered\((?!.*\bclock\.random\b)/,
  /\bwithTimeLimit\(\{(?!.*\bclock\b)/,
];

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

t.test('what the simulation runs asks no clock but the one it is given', async t => {
  const files = (await readdir(RUNTIME, {recursive: true}))
    .filter(file => file.endsWith('.ts') && SIMULATED.some(each => file.startsWith(each)))
    .filter(file => !NOT_SIMULATED.includes(file));
  t.ok(files.length > 15, `${files.length} files`);
  for (const file of files) {
    const text = withoutComments(await readFile(join(RUNTIME, file), 'utf8'));
    for (const use of BY_ITSELF) t.notMatch(use.exec(text)?.[0] ?? '', /./, `${file}: ${use.source}`);
  }
});

t.test('what is looked for would be found', async t => {
  const bad = [
    'const now = Date.now();',
    'new Date().toISOString()',
    'ms * Math.random()',
    'performance.now()',
    'setTimeout(resolve, ms)',
    'setInterval(tell, 5)',
    "import {setTimeout as sleep} from 'node:timers/promises';",
    'AbortSignal.any([signal, AbortSignal.timeout(1)])',
    'createInbox(systemClock)',
    'await pause(5, signal)',
    'await pause(jittered(5), signal)',
    'backoff({tries})',
    'clock.sleep(jittered(5), signal)',
    'withTimeLimit({timeoutMs}, work, signal)',
  ];
  for (const text of bad)
    t.ok(
      BY_ITSELF.some(use => use.test(text)),
      text,
    );
  const good = [
    'clock.sleep(jittered(5, 0.5, clock.random), signal)',
    'withTimeLimit({timeoutMs, clock}, work)',
  ];
  for (const text of good)
    t.notOk(
      BY_ITSELF.find(use => use.test(text)),
      text,
    );
});
