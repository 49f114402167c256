import t from 'tap';
import {createRestores} from '../../../agent/runtime/fleet/restores.ts';

const begin = () => {
  const warned: string[] = [];
  const say = () => undefined;
  const log = {debug: say, info: say, error: say, warning: (text: string) => void warned.push(text)};
  return {...createRestores({log}), warned};
};

t.test('fences that grow or stay are no restore', async t => {
  const {note, warned} = begin();
  for (const fence of [0, 3, 3, 9]) t.equal(note({fence, now: 1_000 * fence}), null);
  t.strictSame(warned, []);
});

t.test('a fence that is lower than one before is one, told once, and the highest is remembered', async t => {
  const {note, warned} = begin();
  note({fence: 9, now: 0});
  const restored = {fence: 9, until: 65_000};
  t.strictSame(note({fence: 7, now: 5_000}), restored);
  t.strictSame(note({fence: 9, now: 6_000}), restored);
  t.strictSame(note({fence: 12, now: 7_000}), {...restored, fence: 12});
  t.match(warned, [/ends with fence 7, and 9 was given.*until 1970-01-01 00:01/]);
  t.equal(warned.length, 1);
  t.strictSame(note({fence: 11, now: 8_000}), {fence: 12, until: 68_000}, 'each time anew');
});
