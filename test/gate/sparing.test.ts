import t from 'tap';
import {sparing} from '../../agent/gate/sparing.ts';
import type {Gate} from '../../agent/ports.ts';

const never = new AbortController().signal;

/** Gates that note who was asked; `sick` makes both fail. */
const world = () => {
  const asked: string[] = [];
  const mood = {sick: false};
  const named = (name: string): Gate => ({
    pass: async () => {
      asked.push(name);
      if (mood.sick) throw new Error(name);
    },
    bake: async () => undefined,
  });
  const gate = sparing({full: named('full'), light: named('light')});
  return {asked, mood, look: () => gate.pass({timeoutMs: 1_000}, never)};
};

t.test('while all is well every third look is a full one, beginning with the first', async t => {
  const {asked, look} = world();
  for (let n = 0; n < 7; n += 1) await look();
  t.same(asked, ['full', 'light', 'light', 'full', 'light', 'light', 'full']);
});

t.test('after a failure every look is full until one passes', async t => {
  const {asked, mood, look} = world();
  await look();
  mood.sick = true;
  await t.rejects(look(), {message: 'light'});
  await t.rejects(look(), {message: 'full'});
  await t.rejects(look(), {message: 'full'});
  mood.sick = false;
  await look();
  await look();
  t.same(asked, ['full', 'light', 'full', 'full', 'full', 'light']);
});
