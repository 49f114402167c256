/**
 * Runs test files on one mutant after another in one warm process. A mutant's own modules, and those that import it, are loaded anew
 * for each: their addresses carry the mutant's number. What tests draw is the same in every run, so that a mutant that survives
 * survives again.
 */
import {readFileSync} from 'node:fs';
import {registerHooks, stripTypeScriptTypes} from 'node:module';
import {join} from 'node:path';
import process from 'node:process';
import {fileURLToPath, pathToFileURL} from 'node:url';
import fc from 'fast-check';
import {Test} from 'tap';
import {type Mutant, mutated} from './mutant.ts';

/** What a worker is told to run. */
export interface Order {
  readonly id: number;
  readonly mutant: Mutant | null;
  /** modules that are loaded anew, from the project's root */
  readonly anew: readonly string[];
  readonly tests: readonly string[];
}

/** What it answers: the test file that noticed, or null; `ms`: how long each file took. */
export interface Answer {
  readonly id: number;
  readonly noticed: string | null;
  readonly ms: Readonly<Record<string, number>>;
}

const ROOT = join(import.meta.dirname, '../..');
/** What a test file imports as `tap`: the test that the file is run as. */
const TAP = 'mutate:tap?mutant=';
const shared = globalThis as {testOfNow?: Test};
const stripped = new Map<string, string>();
let order: Order = {id: 0, mutant: null, anew: [], tests: []};
let anew: ReadonlySet<string> = new Set();

fc.configureGlobal({seed: 1, endOnFailure: true});

const withId = (url: string): string => `${url}?mutant=${order.id}`;

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === 'tap' && context.parentURL?.includes('?mutant='))
      return {url: TAP + encodeURIComponent(context.parentURL), shortCircuit: true};
    const resolved = next(specifier, context);
    return anew.has(resolved.url) ? {...resolved, url: withId(resolved.url)} : resolved;
  },
  load: (url, context, next) => {
    if (!url.includes('?mutant=')) return next(url, context);
    if (url.startsWith(TAP))
      return {format: 'module', source: 'export default globalThis.testOfNow', shortCircuit: true};
    return {format: 'module', source: sourceOf(fileURLToPath(url)), shortCircuit: true};
  },
});

const sourceOf = (path: string): string => {
  const {mutant} = order;
  if (mutant && path === join(ROOT, mutant.file))
    return stripTypeScriptTypes(mutated(readFileSync(path, 'utf8'), mutant));
  const known = stripped.get(path) ?? stripTypeScriptTypes(readFileSync(path, 'utf8'));
  stripped.set(path, known);
  return known;
};

/** Begins a test for one file. It ends at the first assertion that fails. */
const beginTest = (file: string): Test => {
  const options = {name: file, bail: true};
  shared.testOfNow = new Test(options as ConstructorParameters<typeof Test>[0]);
  return shared.testOfNow;
};

/** Whether every assertion of a test file holds. */
const holds = async (file: string): Promise<boolean> => {
  const test = beginTest(file);
  const verdict = verdictOf(test);
  try {
    await import(withId(pathToFileURL(join(ROOT, file)).href));
  } catch {
    return false;
  }
  test.end();
  return verdict;
};

const verdictOf = (test: Test): Promise<boolean> =>
  new Promise(resolve => {
    test.on('data', () => undefined);
    test.on('bailout', () => resolve(false));
    test.on('complete', ({ok}) => resolve(ok));
  });

const run = async (next: Order): Promise<Answer> => {
  order = next;
  anew = new Set(next.anew.map(file => pathToFileURL(join(ROOT, file)).href));
  const ms: Record<string, number> = {};
  for (const file of next.tests) {
    const began = performance.now();
    if (!(await holds(file))) return {id: next.id, noticed: file, ms};
    ms[file] = performance.now() - began;
  }
  return {id: next.id, noticed: null, ms};
};

process.on('message', (next: Order) => {
  run(next).then(answer => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
