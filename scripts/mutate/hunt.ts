/** Runs a target's tests on its mutants, those that are likely to notice first. */
import {availableParallelism} from 'node:os';
import {type Importers, modulesIn, reaching} from './graph.ts';
import type {Mutant} from './mutant.ts';
import {createPool, type Pool} from './pool.ts';
import type {Target} from './targets.ts';
import type {Order} from './worker.ts';

/** The mutants that some test noticed, and those that none did. */
export interface Hunted {
  readonly noticed: readonly Mutant[];
  /** those of the noticed ones that did not end, or ended the process: on a busy machine that says little */
  readonly hung: ReadonlySet<Mutant>;
  readonly survived: readonly Mutant[];
}

/** A mutant that takes much longer than the sources as they are does not end. */
const TIMES = 4;
const SPARE_MS = 5_000;

/** Tries every mutant. Throws when the tests fail on the sources as they are. */
export const hunt = async (
  root: string,
  target: Target,
  mutants: readonly Mutant[],
  importers: Importers,
): Promise<Hunted> => {
  const reached = new Set(mutants.flatMap(({file}) => [...reaching(importers, file)]));
  const tests = (await modulesIn(root, target.tests)).filter(
    file => file.endsWith('.test.ts') && reached.has(file),
  );
  const pool = createPool(availableParallelism() * target.perCore, target.orders);
  try {
    const ms = await measure(pool, tests, importers);
    const tries = new Tries(tests, ms, importers);
    const noticed = new Set<Mutant>();
    const hung = new Set<Mutant>();
    const one = async (mutant: Mutant, index: number) => {
      const {order, limitMs} = tries.next(mutant, index);
      const result = order.tests.length === 0 ? null : await pool.run(order, limitMs);
      if (typeof result === 'string') hung.add(mutant);
      if (typeof result === 'string' || result?.noticed) noticed.add(mutant);
      if (typeof result === 'object' && result?.noticed) tries.note(mutant, result.noticed);
    };
    await inParallel(mutants, availableParallelism() * target.perCore, one);
    return {noticed: [...noticed], hung, survived: mutants.filter(mutant => !noticed.has(mutant))};
  } finally {
    pool.end();
  }
};

const inParallel = async <T>(
  all: readonly T[],
  width: number,
  one: (each: T, index: number) => Promise<void>,
): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < all.length; index = next++) await one(all[index] as T, index);
  };
  await Promise.all(Array.from({length: width}, lane));
};

/** How long each test file takes on the sources as they are, ms. */
const measure = async (
  pool: Pool,
  tests: readonly string[],
  importers: Importers,
): Promise<ReadonlyMap<string, number>> => {
  const anew = [...new Set(tests.flatMap(test => [...reaching(importers, test)]))];
  const took = await Promise.all(
    tests.map(async (test, n) => {
      const result = await pool.run({id: -1 - n, mutant: null, anew, tests: [test]}, 120_000);
      if (typeof result === 'string' || result.noticed)
        throw new Error(`${test} fails on the sources as they are`);
      return [test, result.ms[test] ?? 0] as const;
    }),
  );
  return new Map(took);
};

/** Which tests are run on a mutant, in which order. */
class Tries {
  readonly #noticed = new Map<string, number>();
  readonly #tests: readonly string[];
  readonly #ms: ReadonlyMap<string, number>;
  readonly #importers: Importers;

  constructor(tests: readonly string[], ms: ReadonlyMap<string, number>, importers: Importers) {
    this.#tests = tests;
    this.#ms = ms;
    this.#importers = importers;
  }

  next(mutant: Mutant, id: number): {readonly order: Order; readonly limitMs: number} {
    const anew = reaching(this.#importers, mutant.file);
    const tests = this.#tests
      .filter(test => anew.has(test))
      .toSorted((a, b) => this.#cost(mutant, a) - this.#cost(mutant, b));
    const usual = tests.reduce((sum, test) => sum + (this.#ms.get(test) ?? 0), 0);
    return {order: {id, mutant, anew: [...anew], tests}, limitMs: SPARE_MS + TIMES * usual};
  }

  note({file}: Mutant, test: string): void {
    const key = `${file} ${test}`;
    this.#noticed.set(key, (this.#noticed.get(key) ?? 0) + 1);
  }

  #cost({file}: Mutant, test: string): number {
    return (this.#ms.get(test) ?? 0) / (1 + (this.#noticed.get(`${file} ${test}`) ?? 0));
  }
}
