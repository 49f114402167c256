import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import process from 'node:process';

type Comment = {comment(text: string): void};

/** True in `npm run test:all`: every row of every long table is run. */
export const everything = (): boolean => process.env.TEST_ALL === '1';

/**
 * `count` rows of a table too long for every run, in the table's order; all of them in `npm run test:all`. Which ones changes from
 * commit to commit; `SEED=…` repeats a choice. Says on `t` what was chosen.
 */
export const sample = <T>(t: Comment, rows: readonly T[], count: number, seed = seedOf()): readonly T[] => {
  if (everything() || count >= rows.length) return rows;
  const rank = (index: number): string => createHash('sha256').update(`${seed} ${index}`).digest('hex');
  const chosen = new Set(
    rows
      .map((_, index) => ({index, rank: rank(index)}))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
      .slice(0, count)
      .map(({index}) => index),
  );
  t.comment(`${count} of ${rows.length} rows, SEED=${seed}; all of them: npm run test:all`);
  return rows.filter((_, index) => chosen.has(index));
};

/** What the choice of rows depends on: `SEED`, else the commit. */
export const seedOf = (): string => process.env.SEED ?? commit() ?? String(Date.now());

const commit = (): string | undefined => {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {encoding: 'utf8', stdio: 'pipe'}).trim();
  } catch {
    return undefined;
  }
};
