/** What a run says in the end. */
import {dirname} from 'node:path';
import type {Mutant} from './mutant.ts';
import {HELD, SCORES} from './targets.ts';

interface Outcome {
  readonly noticed: readonly Mutant[];
  readonly survived: readonly Mutant[];
  readonly explained: ReadonlyMap<string, string>;
  /** what is wrong with the list of explained mutants */
  readonly faults: readonly string[];
}

/** The lines of the report: survivors, the list's faults, the score of each folder; `isWhole`: every mutant was tried. */
export const report = (
  outcome: Outcome & {readonly isWhole: boolean},
): {readonly lines: readonly string[]; readonly failed: boolean} => {
  const {faults, isWhole} = outcome;
  const open = unexplained(outcome);
  const held = open.filter(mutant => HELD.some(path => mutant.file.startsWith(path)));
  const low = isWhole ? Object.entries(SCORES).flatMap(each => tooLow(outcome, ...each)) : [];
  const lines = [
    ...open.map(({file, line, name}) => `survived, ${file}:${line}\n  ${name}`),
    ...faults,
    ...low,
    ...folders(outcome).map(folder => {
      const {tried, percent} = scoreOf(outcome, folder);
      return `${folder}: ${percent.toFixed(1)} % of ${tried} mutants noticed`;
    }),
  ];
  return {lines, failed: held.length + faults.length + low.length > 0};
};

/** One line of JSON. */
export const closing = (outcome: Outcome & {readonly share: string; readonly seconds: number}): string => {
  const {noticed, survived, share, seconds} = outcome;
  const scores = Object.keys(SCORES).map(folder => [
    folder,
    Number(scoreOf(outcome, folder).percent.toFixed(1)),
  ]);
  return JSON.stringify({
    mutate: share,
    mutants: noticed.length + survived.length,
    noticed: noticed.length,
    explained: survived.length - unexplained(outcome).length,
    survived: unexplained(outcome).length,
    scores: Object.fromEntries(scores),
    seconds,
  });
};

const unexplained = ({survived, explained}: Outcome): readonly Mutant[] =>
  survived.filter(({name}) => !explained.has(name));

const folders = ({noticed, survived}: Outcome): readonly string[] =>
  [...new Set([...noticed, ...survived].map(({file}) => dirname(file)))].toSorted();

const within = (folder: string) => (mutant: Mutant) => mutant.file.startsWith(`${folder}/`);

const scoreOf = ({noticed, survived}: Outcome, folder: string) => {
  const good = noticed.filter(within(folder)).length;
  const tried = good + survived.filter(within(folder)).length;
  return {tried, percent: tried === 0 ? 100 : (100 * good) / tried};
};

const tooLow = (outcome: Outcome, folder: string, least: number): readonly string[] => {
  const {percent} = scoreOf(outcome, folder);
  return percent < least ? [`${folder}: expected ${least} % at least, got ${percent.toFixed(1)} %`] : [];
};
