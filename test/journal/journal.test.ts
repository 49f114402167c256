import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import {freshState} from '../../agent/core/host/recover.ts';
import type {State} from '../../agent/core/host/state.ts';
import {openHistory} from '../../agent/journal/history.ts';
import {openJournal} from '../../agent/journal/journal.ts';
import type {Log} from '../../agent/ports.ts';
import {ask, createWorld, settleWorld, snap} from '../core/host/world.ts';
import {temporaryFolder} from '../support/temporary.ts';

const quiet: Log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
const open = (stateDir: string, over: {instance?: string; boot?: string} = {}) =>
  openJournal({stateDir, instance: 'i-1', boot: 'b-1', log: quiet, ...over});

/** Every state that a host passes through in an update that is taken back. */
const states = (): readonly State[] => {
  const world = createWorld({asked: {release: snap(1), version: '1'}});
  const seen: State[] = [world.state];
  const watched = new Proxy(world, {
    set: (target, key, value) => {
      if (key === 'state') seen.push(value as State);
      return Reflect.set(target, key, value);
    },
  });
  settleWorld(watched);
  world.broken.add('snap-22222222');
  ask(watched, snap(2), '2');
  settleWorld(watched);
  return seen;
};

t.test('every state comes back as it was written', async t => {
  const stateDir = await temporaryFolder(t);
  const seen = states();
  t.ok(new Set(seen.map(state => state.phase)).size >= 9, 'most phases were seen');
  for (const state of seen) {
    const {journal} = await open(stateDir);
    await journal.write(state);
    t.same((await open(stateDir)).state, state, state.phase);
  }
});

t.test('a fresh host has none, a reboot is told, and another instance has none either', async t => {
  const stateDir = await temporaryFolder(t);
  const first = await open(stateDir);
  t.match(first, {state: null, sameBoot: false});
  await first.journal.write(freshState({now: 1, random: 0}));
  t.match(await open(stateDir), {state: {phase: 'booting'}, sameBoot: true});
  t.match(await open(stateDir, {boot: 'b-2'}), {state: {phase: 'booting'}, sameBoot: false});
  t.match(await open(stateDir, {instance: 'i-2'}), {state: null});
});

t.test('a journal cut at any byte costs one step at most', async t => {
  const stateDir = await temporaryFolder(t);
  const seen = states();
  const [before, last] = [seen.at(-2), seen.at(-1)];
  if (!before || !last) throw new Error('no states');
  const {journal} = await open(stateDir);
  await journal.write(before);
  await journal.write(last);
  const path = join(stateDir, 'journal.json');
  const text = await readFile(path, 'utf8');
  for (let length = 0; length <= text.length; length += 37) {
    await journal.write(before);
    await journal.write(last);
    await writeFile(path, text.slice(0, length));
    const {state} = await open(stateDir);
    const expected = length >= text.trimEnd().length ? last : before;
    t.same(state, expected, `${length} of ${text.length} bytes`);
  }
});

t.test('a journal with any content at all never stops the agent from starting', async t => {
  const stateDir = await temporaryFolder(t);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map(state => `{"format":1,"instance":"i-1","boot":"b","state":${state}}`),
      ),
      async text => {
        await writeFile(join(stateDir, 'journal.json'), text);
        await open(stateDir);
      },
    ),
    {numRuns: 300},
  );
  t.pass('300 contents');
});

t.test('the history tells the newest lines first and passes over what it cannot read', async t => {
  const stateDir = await temporaryFolder(t);
  const history = openHistory(stateDir);
  t.same(await history.last(5), []);
  const line = (generation: number) => ({
    at: generation,
    text: `step ${generation}`,
    phase: 'serving' as const,
    release: null,
    generation,
  });
  for (let n = 1; n <= 5; n += 1) await history.add(line(n));
  await writeFile(join(stateDir, 'history.jsonl'), '{"half":', {flag: 'a'});
  t.same(
    (await history.last(3)).map(each => each.generation),
    [5, 4],
  );
});
