import t from 'tap';
import {groupsOf, parseResident, parseSizes, piecesOf} from '../../../agent/install/ebs/reads.ts';

const MIB = 1_048_576;

t.test('of what fincore prints: names below the folder, as they are, smaller files first', async t => {
  const text = '4096 9 /s/a\n0 1 /s/b\n1 2 /s/c\\x20d\n1 1 /t/e\n8 3 /s/gr\\xc3\\xb6\n8 4 /s/größe\n';
  t.same(parseResident(text, '/s'), ['c d', 'grö', 'größe', 'a']);
  t.same(parseResident('', '/s'), []);
});

t.test('paths are grouped, and bounded', async t => {
  const paths = Array.from({length: 30_000}, (_, n) => `p${n}`);
  const groups = groupsOf(['with\nline end', ...paths]);
  t.equal(groups.flat().length, 20_000);
  t.ok(groups.every(group => group.length <= 200));
  t.notOk(groups.flat().includes('with\nline end'));
});

t.test('small files are read together, large ones in parts, all of it once', async t => {
  const files = parseSizes(`10 /a\n${2 * MIB} /b\n${3 * MIB + 5} /c d\n20 /e\n`);
  const pieces = piecesOf(files, 2 * MIB);
  t.same(
    pieces.map(({command: [program], bytes, files}) => [program, bytes, files]),
    [
      ['wc', 10, 1],
      ['wc', 2 * MIB, 1],
      ['wc', 20, 1],
      ['dd', 2 * MIB, 0],
      ['dd', MIB + 5, 1],
    ],
  );
  t.same(pieces[4]?.command, ['dd', 'if=/c d', 'of=/dev/null', 'bs=1M', 'skip=2', 'count=2', 'status=none']);
});

t.test('no piece is larger than 16 MiB, nor smaller than one', async t => {
  t.equal(piecesOf([{path: '/a', size: 40 * MIB}], 1_000 * MIB).length, 3);
  t.equal(piecesOf([{path: '/a', size: 2 * MIB}], 1).length, 2);
});
