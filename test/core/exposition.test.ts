import t from 'tap';
import {by, exposition, facts, single} from '../../agent/core/exposition.ts';

t.test('the text format of Prometheus, with what has a meaning in it escaped', t => {
  t.equal(
    exposition([
      single('a_total', 'counter', 'All.', 3),
      single('b', 'gauge', 'Yes or no.', true),
      facts('c_info', 'One\\two\nthree "four".', [{x: 'a"b\\c\nd', y: 'ä'}, {x: ''}]),
      by('phase', {name: 'd', type: 'gauge', help: 'D.'}, new Map([['one', 0.5]])),
    ]),
    [
      '# HELP a_total All.',
      '# TYPE a_total counter',
      'a_total 3',
      '# HELP b Yes or no.',
      '# TYPE b gauge',
      'b 1',
      '# HELP c_info One\\\\two\\nthree "four".',
      '# TYPE c_info gauge',
      'c_info{x="a\\"b\\\\c\\nd",y="ä"} 1',
      'c_info{x=""} 1',
      '# HELP d D.',
      '# TYPE d gauge',
      'd{phase="one"} 0.5',
      '',
    ].join('\n'),
  );
  t.equal(
    exposition([facts('e', 'E.', []), single('f', 'gauge', 'F.', false)]),
    '# HELP f F.\n# TYPE f gauge\nf 0\n',
  );
  t.equal(exposition([]), '');
  t.end();
});
