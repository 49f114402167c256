/** What is mutated, and by which tests each mutant should be noticed. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {modulesIn} from './graph.ts';
import type {Mutant} from './mutant.ts';
import {mutantsOf} from './operators.ts';

export interface Target {
  readonly folder: string;
  /** where its tests are */
  readonly tests: string;
  /** its tests wait for real stores: how many workers share a core, and how many mutants one of them has */
  readonly perCore: number;
  readonly orders: number;
}

export const TARGETS: readonly Target[] = [
  {folder: 'agent/core', tests: 'test/core', perCore: 1, orders: 150},
  {folder: 'agent/runtime/fleet', tests: 'test/runtime/fleet', perCore: 3, orders: 1},
];

/** Folders in which so many of a hundred mutants have to be noticed. */
export const SCORES: Readonly<Record<string, number>> = {'agent/core/fleet': 90, 'agent/core/host': 90};

/**
 * Files and folders of which every survivor was looked at: one more that nobody explained is a failure. Elsewhere it is only told.
 */
export const HELD: readonly string[] = ['agent/core/fleet', 'agent/core/host'];

/** The texts of reasons are for people: no test says what they have to be. */
const LEFT_OUT: ReadonlySet<string> = new Set(['agent/core/reason.ts']);

/** Every mutant of a target, each with a name of its own. */
export const mutantsIn = async (root: string, {folder}: Target): Promise<readonly Mutant[]> => {
  const files = (await modulesIn(root, folder)).filter(file => !LEFT_OUT.has(file));
  const found = await Promise.all(
    files.map(async file => named(mutantsOf(file, await readFile(join(root, file), 'utf8')))),
  );
  return found.flat();
};

const named = (mutants: readonly Mutant[]): readonly Mutant[] => {
  const count = new Map<string, number>();
  return mutants.map(mutant => {
    const nth = (count.get(mutant.name) ?? 0) + 1;
    count.set(mutant.name, nth);
    return nth === 1 ? mutant : {...mutant, name: `${mutant.name} (${nth})`};
  });
};
