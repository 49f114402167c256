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
  return chosen(t, rows, new Set(inTurn(rows, seed).slice(0, count)), seed);
};

/** Rows of a table whose costs are no more than `budget` together; else as `sample` chooses. A row that costs more is never chosen. */
export const within = <T>(
  t: Comment,
  rows: readonly T[],
  budget: number,
  costOf: (row: T) => number,
  seed = seedOf(),
): readonly T[] => {
  if (everything()) return rows;
  const taken = new Set<T>();
  let left = budget;
  for (const row of inTurn(rows, seed)) {
    const cost = costOf(row);
    if (cost > left) continue;
    taken.add(row);
    left -= cost;
  }
  return chosen(t, rows, taken, seed);
};

const inTurn = <T>(rows: readonly T[], seed: string): readonly T[] => {
  const rank = (index: number): string => createHash('sha256').update(`${seed} ${index}`).digest('hex');
  return rows
    .map((row, index) => ({row, rank: rank(index)}))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({row}) => row);
};

const chosen = <T>(t: Comment, rows: readonly T[], those: ReadonlySet<T>, seed: string): readonly T[] => {
  t.comment(`${those.size} of ${rows.length} rows, SEED=${seed}; all of them: npm run test:all`);
  return rows.filter(row => those.has(row));
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
