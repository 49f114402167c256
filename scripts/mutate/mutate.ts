/**
 * The mutation tester: changes the deciding code in small ways, one at a time, and says which change no test notices.
 * `npm run mutate -- [--share N/M | --share M] [--seed S] [FILE or FOLDER…]`. Ends with one line of JSON; fails when a mutant
 * survives that `explained.txt` does not explain, when an explanation is no longer true, and when a score is too low.
 */
import {join} from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {readExplained, rotten} from './explained.ts';
import {importersIn} from './graph.ts';
import {hunt} from './hunt.ts';
import type {Mutant} from './mutant.ts';
import {closing, report} from './report.ts';
import {shareOf} from './share.ts';
import {mutantsIn, TARGETS} from './targets.ts';

const ROOT = join(import.meta.dirname, '../..');

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {share: {type: 'string'}, seed: {type: 'string'}},
});
const began = performance.now();
const share = shareOf(values.share, values.seed);
const chosen = (mutant: Mutant): boolean =>
  share.has(mutant) &&
  (positionals.length === 0 || positionals.some(each => mutant.file.startsWith(each.replace(/^\.\//, ''))));

const importers = await importersIn(ROOT, ['agent', 'test']);
const all = new Set<string>();
const noticed: Mutant[] = [];
const survived: Mutant[] = [];
const asserted = new Set<string>();
console.log(`mutants: ${share.text}`);
for (const target of TARGETS) {
  const mutants = await mutantsIn(ROOT, target);
  for (const {name} of mutants) all.add(name);
  const picked = mutants.filter(chosen);
  if (picked.length === 0) continue;
  const hunted = await hunt(ROOT, target, picked, importers);
  noticed.push(...hunted.noticed);
  survived.push(...hunted.survived);
  for (const mutant of hunted.noticed) if (!hunted.hung.has(mutant)) asserted.add(mutant.name);
}
const explained = readExplained();
const faults = rotten(explained, all, asserted);
const isWhole = share.isAll && positionals.length === 0;
const {lines, failed} = report({noticed, survived, explained, faults, isWhole});
for (const line of lines) console.log(line);
const seconds = Math.round((performance.now() - began) / 1000);
console.log(closing({noticed, survived, explained, faults, share: share.text, seconds}));
process.exitCode = failed ? 1 : 0;
