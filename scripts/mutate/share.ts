/** The part of all mutants that one run tries. */
import {createHash} from 'node:crypto';
import {seedOf} from '../../test/support/sample.ts';
import type {Mutant} from './mutant.ts';

export interface Share {
  readonly text: string;
  readonly isAll: boolean;
  has(mutant: Mutant): boolean;
}

/**
 * `N/M`: the Nth of M parts; `M`: one of M parts, another with every commit (or as the seed says); undefined: all. A mutant is in the
 * same part as long as its name is the same.
 */
export const shareOf = (given: string | undefined, seed: string = seedOf()): Share => {
  if (given === undefined) return {text: 'all', isAll: true, has: () => true};
  const [, nth, of] = /^(?:(\d+)\/)?(\d+)$/.exec(given) ?? [];
  const parts = Number(of);
  const part = nth === undefined ? (numberOf(seed) % parts) + 1 : Number(nth);
  if (!(parts >= 1 && part >= 1 && part <= parts))
    throw new Error(`--share: expected N/M or M, with 1 ≤ N ≤ M, got ${given}`);
  return {
    text: `share ${part}/${parts}`,
    isAll: parts === 1,
    has: ({name}) => (numberOf(name) % parts) + 1 === part,
  };
};

const numberOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE();
