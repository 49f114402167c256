import t from 'tap';
import {reason} from '../../../agent/core/reason.ts';
import {createRestores} from '../../../agent/runtime/fleet/restores.ts';

const begin = () => {
  const warned: string[] = [];
  const say = () => undefined;
  const log = {debug: say, info: say, error: say, warning: (text: string) => void warned.push(text)};
  const {note} = createRestores({log});
  return {
    note: (fence: number, now: number, waitsUntil?: number) => {
      const blocked = waitsUntil === undefined ? null : reason('permit.restored', {until: waitsUntil});
      return note({ledger: {fence, blocked}, now});
    },
    warned,
  };
};

t.test('fences that grow or stay are no restore', async t => {
  const {note, warned} = begin();
  for (const fence of [0, 3, 3, 9]) t.equal(note(fence, 100_000 * fence), null);
  t.strictSame(warned, []);
});

t.test('a fence that is lower than one before is one, told once, and the highest is remembered', async t => {
  const {note, warned} = begin();
  note(9, 0);
  const restored = {fence: 9, until: 65_000};
  t.strictSame(note(7, 5_000), restored);
  t.strictSame(note(9, 6_000), restored);
  t.strictSame(note(12, 7_000), {...restored, fence: 12});
  t.match(warned, [/ends with fence 7, and 9 was given.*until 1970-01-01 00:01/]);
  t.equal(warned.length, 1);
  t.strictSame(note(11, 8_000), {fence: 12, until: 68_000}, 'each time anew');
});

t.test('a store that does not answer meanwhile cannot be told anything: the time begins anew', async t => {
  const {note, warned} = begin();
  note(9, 0);
  note(7, 5_000);
  t.match(note(9, 30_000), {until: 65_000}, 'looked at in time');
  t.match(note(9, 55_001), {until: 115_001}, 'late');
  t.match(note(9, 80_001), {until: 115_001});
  t.match(note(9, 105_001), {until: 115_001});
  t.match(note(9, 115_001), {until: 115_001}, 'over');
  t.match(note(9, 300_000), {until: 115_001}, 'and it stays so');
  t.match(warned, [/was given/, /may not have told it yet.*until 1970-01-01 00:01/]);
  t.equal(warned.length, 2);
});

t.test('a coordinator that finds hosts waiting for it gives them the whole time', async t => {
  const {note, warned} = begin();
  t.strictSame(note(9, 50_000, 60_000), {fence: 9, until: 110_000});
  t.strictSame(note(9, 50_000, 110_000), {fence: 9, until: 110_000}, 'its own word');
  t.strictSame(note(9, 60_000, 110_000), {fence: 9, until: 110_000});
  t.match(warned, [/may not have told it yet/]);
  t.equal(warned.length, 1);
});
