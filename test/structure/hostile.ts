/** None of these is a name. */
export const NAMES = [
  '',
  '.',
  '..',
  '../x',
  'a/../b',
  '/etc/passwd',
  'a/b',
  '-rf',
  'a b',
  'a\nb',
  'a\n',
  'a\0b',
  '\u202eb',
  'a\u001b[2J',
  'x'.repeat(5_000),
];
