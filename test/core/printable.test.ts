import t from 'tap';
import {escaped, isPrintable, printable} from '../../agent/core/printable.ts';

t.test('what steers a terminal becomes one blank for each run', async t => {
  t.equal(printable('a\r\n\tb\u001b[2J', 100), 'a b [2J');
  t.equal(printable('\u202eabc\u2028', 100), ' abc ');
  t.equal(printable('grün 🚀', 100), 'grün 🚀');
});

t.test('a text is cut behind the limit, and never within a character', async t => {
  t.equal(printable('abcd', 4), 'abcd');
  t.equal(printable('abcde', 4), 'abcd…');
  t.equal(printable('abc🚀', 5), 'abc🚀');
  t.equal(printable('abc🚀', 4), 'abc…');
});

t.test('only a text without such characters is printable', async t => {
  t.ok(isPrintable('plain, and ümläute'));
  for (const text of ['\n', '\u007f', '\u200b', '\u2029', '\ud800'])
    t.notOk(isPrintable(`a${text}`), `${text.codePointAt(0)?.toString(16)}`);
});

t.test('an escape is what JSON reads back', async t => {
  t.equal(escaped('a\u001b[2J\n'), 'a\\u001b[2J\\u000a');
  t.equal(escaped('\u{e0001}'), '\\udb40\\udc01', 'both halves');
  const text = 'x\u0000\u009f\u202e\ufeffy';
  t.equal(JSON.parse(`"${escaped(text)}"`), text);
});
