import t from 'tap';
import {quietWindow} from '../../../agent/traffic/drain/quiet-window.ts';

// One letter a reading, 100 ms apart: `.` nothing, `b` busy, `a` an arrival that was answered.
const readingsUntilQuiet = (letters: string, quietMs: number): number => {
  const window = quietWindow(quietMs);
  const found = [...letters].findIndex((letter, index) =>
    window.isQuiet({busy: letter === 'b' ? ['10.0.0.9:5000'] : [], arrived: letter === 'a'}, index * 100),
  );
  return found + 1;
};

const ROWS: readonly [string, string, number][] = [
  ['nothing happens: quiet once the time is spanned', '......', 4],
  ['a busy reading starts the time anew', '..b.....', 7],
  ['always busy', 'bbbbbbbbbb', 0],
  ['one probe in the window', '.a....', 4],
  ['probes now and then', '.a...a...a', 4],
  ['traffic in every reading', '.aaaaaaaaaaaaaaaaaaa', 0],
  ['traffic in every other reading', '.a.a.a.a.a.a.a.a.a.a', 0],
  ['traffic that stops', '.aaaaa.....', 9],
];

for (const [name, letters, expected] of ROWS) {
  t.test(`${name} (${letters})`, async t => {
    t.equal(readingsUntilQuiet(letters, 300), expected);
  });
}

t.test('readings that come late still span the time', async t => {
  const window = quietWindow(300);
  const calm = {busy: [], arrived: false};
  t.equal(window.isQuiet(calm, 0), false);
  t.equal(window.isQuiet(calm, 5_000), true);
  t.equal(quietWindow(0).isQuiet(calm, 0), true);
});

t.test('tells how long the readings must go on at least', async t => {
  const window = quietWindow(300);
  t.equal(window.leftMs(0), 300);
  window.isQuiet({busy: [], arrived: false}, 0);
  t.equal(window.leftMs(130), 170);
  window.isQuiet({busy: ['10.0.0.9:5000'], arrived: false}, 200);
  t.equal(window.leftMs(250), 300, 'a busy reading starts the time anew');
  window.isQuiet({busy: [], arrived: true}, 300);
  t.equal(window.leftMs(700), 0);
});
