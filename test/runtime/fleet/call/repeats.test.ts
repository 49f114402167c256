import t from 'tap';
import {createRepeats} from '../../../../agent/runtime/fleet/call/repeats.ts';

const begin = (first: 'now' | 'later') => {
  let now = 100;
  const turnOf = createRepeats<string>({clock: {elapsed: () => now}, everyMs: 10, first});
  return (at: number, ...waiting: string[]) => {
    now = at;
    return [...turnOf(waiting)];
  };
};

t.test('each comes at once, and again after a while, until it is done', async t => {
  const at = begin('now');
  t.same(at(100, 'a', 'b'), ['a', 'b']);
  t.same(at(109, 'a', 'b', 'c'), ['c']);
  t.same(at(110, 'a', 'c'), ['a']);
  t.same(at(119, 'a', 'c'), ['c']);
});

t.test('one that is done and waits anew is new', async t => {
  const at = begin('now');
  at(100, 'a');
  at(101);
  t.same(at(102, 'a'), ['a']);
});

t.test('where somebody else sees to the first time, it comes after a while only', async t => {
  const at = begin('later');
  t.same(at(100, 'a'), []);
  t.same(at(109, 'a', 'b'), []);
  t.same(at(110, 'a', 'b'), ['a']);
  t.same(at(119, 'a', 'b'), ['b']);
});
