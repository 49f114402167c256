import t from 'tap';
import {listed} from '../../../agent/core/fleet/names.ts';

t.test('five names are listed, of more the first five and how many there are besides', async t => {
  t.equal(listed([]), '');
  t.equal(listed(['a', 'b', 'c', 'd', 'e']), 'a, b, c, d, e');
  t.equal(listed(['a', 'b', 'c', 'd', 'e', 'f', 'g']), 'a, b, c, d, e and 2 more');
});
