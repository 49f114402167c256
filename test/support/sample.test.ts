import process from 'node:process';
import t from 'tap';
import {sample} from './sample.ts';

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
