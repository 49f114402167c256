/**
 * Lint, types and tests in one run, with one closing line: "N passed, N failed, N skipped". The agent's own suites run once, with the
 * options of its unit. Named files run as they are; after `--as-shipped` with those options too.
 */
import {spawn} from 'node:child_process';
import process from 'node:process';
import {createInterface} from 'node:readline';
import {everything} from '../test/support/sample.ts';
import {isOfAgent, isOfDevices, shippedOptions, testFiles, transpiledCopy} from './as-shipped.ts';
import {tonight} from './nights.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

const counts: Counts = {passed: 0, failed: 0, skipped: 0};

/** Runs a check that either passes or not. */
const check = async (name: string, command: string, args: readonly string[]): Promise<void> => {
  const code = await exitCodeOf(command, args);
  counts[code === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${code === 0 ? 'ok' : 'not ok'} - ${name}\n`);
};

const exitCodeOf = (command: string, args: readonly string[]): Promise<number> =>
  new Promise(resolve => {
    const child = spawn(command, args, {stdio: ['ignore', 'inherit', 'inherit']});
    child.on('error', () => resolve(127));
    child.on('exit', code => resolve(code ?? 1));
  });

/** Runs tap, shows what fails as it comes, and adds up its assertions from the TAP it prints. */
const tap = async (args: readonly string[], cwd = '.'): Promise<void> => {
  // with every row of its tables a file takes longer than .taprc allows
  const limits = everything() ? ['--timeout=3600'] : [];
  const child = spawn('tap', ['run', '--reporter=tap', ...limits, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd,
  });
  let shown: string[] = [];
  let skipped = 0;
  let summary = '';
  // a file at a time: two runs may go on side by side
  const show = (): void => {
    if (shown.length > 0) console.log(shown.join('\n'));
    shown = [];
  };
  createInterface({input: child.stdout}).on('line', line => {
    if (/^# \{ total: /.test(line)) summary = line;
    if (/^\s*ok .*# SKIP/i.test(line)) skipped += 1;
    if (isWorthShowing(line)) shown.push(line);
    if (/^(?:not )?ok /.test(line)) show();
  });
  const code = await new Promise<number>(resolve => child.on('close', status => resolve(status ?? 1)));
  show();
  addUp(summary, skipped, code);
};

// Passing assertions are many and say little; everything else is shown, and each file when it is done.
const isWorthShowing = (line: string): boolean =>
  !/^\s+(?:ok |1\.\.|# (?:Subtest|time)|\s*$)/.test(line) && !/^\s+\d+\.\.\d+$/.test(line);

const addUp = (summary: string, skipped: number, code: number): void => {
  const number = (name: string): number => Number(new RegExp(`${name}: (\\d+)`).exec(summary)?.[1] ?? 0);
  counts.passed += number('pass');
  counts.failed += number('fail');
  counts.skipped += Math.max(skipped, number('skip'));
  const nothingRan = summary === '' || number('total') === 0;
  if (nothingRan || (code !== 0 && number('fail') === 0)) counts.failed += 1;
};

/** Runs test files with the options of the unit; what they print has the endings of transpiled files. */
const tapAsShipped = async (
  files: readonly string[],
  copy = 'all',
  more: readonly string[] = [],
): Promise<void> => {
  const options = (await shippedOptions()).map(option => `--node-arg=${option}`);
  const sources = files.map(file => file.replace(/\.ts$/, '.js'));
  await tap([...more, ...options, ...sources], await transpiledCopy(copy));
};

const isOfMachine = (file: string): boolean => file.startsWith('test/lab/vm/');

const isSimulated = (file: string): boolean => file.startsWith('test/simulation/');

const [first, ...rest] = process.argv.slice(2);
if (first === undefined) {
  await check('format and lint', 'biome', ['check', '--error-on-warnings', '.']);
  await check('types', 'tsc', ['--noEmit']);
  await check('what the suites need', 'node', ['test/lab/warm.ts']);
  const files = await testFiles();
  await check('a share of the mutants of agent/core', 'node', [
    'scripts/mutate/mutate.ts',
    '--share',
    '20',
    'agent/core',
  ]);
  const own = files.filter(isOfAgent);
  const others = tonight(files.filter(file => !isOfAgent(file)));
  const machine = others.filter(isOfMachine);
  const mostly = others.filter(file => !isOfMachine(file) && !isSimulated(file));
  // What has to wait for its own kind keeps nothing else waiting; and a virtual machine without KVM needs a processor of its own,
  // which suites that mostly wait leave to it, and so do simulated fleets, with the lowest priority.
  await Promise.all([
    tapAsShipped(own.filter(isOfDevices), 'devices', ['--jobs=1']).then(() => tap(['--jobs=1', ...machine])),
    tapAsShipped(
      own.filter(file => !isOfDevices(file)),
      'others',
    ).then(() => tap(['--jobs=1', ...others.filter(isSimulated)])),
  ]);
  await tap(mostly);
} else if (first === '--as-shipped') {
  await tapAsShipped(rest);
} else {
  await tap([first, ...rest]);
}
if (process.env.CI && counts.skipped > 0) {
  console.log(`not ok - in CI nothing may be skipped, and ${counts.skipped} were`);
  counts.failed += 1;
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
