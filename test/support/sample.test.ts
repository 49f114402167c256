import process from 'node:process';
import t from 'tap';
import {sample, within} from './sample.ts';

const ROWS = Array.from({length: 40}, (_, index) => index);
const quiet = {comment: () => undefined};

t.beforeEach(() => {
  delete process.env.TEST_ALL;
});

t.test('a sample has the size asked for, in the order of the table', async t => {
  const chosen = sample(quiet, ROWS, 7, 'a');
  t.equal(new Set(chosen).size, 7);
  t.same(
    chosen,
    [...chosen].sort((a, b) => a - b),
  );
});

t.test('the same seed chooses the same rows, another one others', async t => {
  t.same(sample(quiet, ROWS, 7, 'a'), sample(quiet, ROWS, 7, 'a'));
  t.notSame(sample(quiet, ROWS, 7, 'a'), sample(quiet, ROWS, 7, 'b'));
});

t.test('every row is chosen by some seed', async t => {
  const seen = new Set(ROWS.flatMap(seed => sample(quiet, ROWS, 7, String(seed))));
  t.equal(seen.size, ROWS.length);
});

t.test('all rows are run when everything is asked for', async t => {
  process.env.TEST_ALL = '1';
  t.same(sample(quiet, ROWS, 7, 'a'), ROWS);
});

t.test('rows with costs stay within their budget, and each is chosen by some seed', async t => {
  const costOf = (row: number): number => row + 1;
  const seen = new Set<number>();
  for (let seed = 0; seed < 400; seed += 1) {
    const chosen = within(quiet, ROWS, 60, costOf, String(seed));
    if (chosen.reduce((sum, row) => sum + costOf(row), 0) > 60)
      t.fail(`over the budget with the seed ${seed}`);
    for (const row of chosen) seen.add(row);
  }
  t.equal(seen.size, ROWS.length);
  t.notOk(within(quiet, ROWS, 39, costOf, 'a').includes(39), 'what costs more than there is');
  process.env.TEST_ALL = '1';
  t.same(within(quiet, ROWS, 60, costOf, 'a'), ROWS);
});
