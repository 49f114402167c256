import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {isDeepStrictEqual} from 'node:util';
import fc from 'fast-check';
import t, {type Test} from 'tap';
import {freshState} from '../../agent/core/host/recover.ts';
import type {State} from '../../agent/core/host/state.ts';
import {openHistory} from '../../agent/journal/history.ts';
import {openJournal} from '../../agent/journal/journal.ts';
import type {Log} from '../../agent/ports.ts';
import {ask, createWorld, settleWorld, snap} from '../core/host/world.ts';
import {temporaryFolder} from '../support/temporary.ts';

const quiet: Log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
const open = (stateDir: string, over: {instance?: string; boot?: string} = {}) =>
  openJournal({stateDir, runDir: join(stateDir, 'run'), instance: 'i-1', boot: 'b-1', log: quiet, ...over});

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

const FILES = ['journal.json', 'journal.before.json', 'run/journal.json'] as const;

/** A folder with two steps of a host in it, and how to damage its files. */
const twoSteps = async (t: Test) => {
  const stateDir = await temporaryFolder(t);
  const seen = states();
  const [before, last] = [seen.at(-2), seen.at(-1)];
  if (!before || !last) throw new Error('no states');
  const {journal} = await open(stateDir);
  await journal.write(before);
  await journal.write(last);
  const whole = await Promise.all(
    FILES.map(async name => [name, await readFile(join(stateDir, name))] as const),
  );
  const put = (name: string, content: Uint8Array) => writeFile(join(stateDir, name), content);
  const mend = () => Promise.all(whole.map(([name, content]) => put(name, content)));
  return {stateDir, before, last, whole, put, mend};
};

t.test('a journal cut at any byte, in any of its files, costs nothing', async t => {
  const {stateDir, last, whole, put, mend} = await twoSteps(t);
  for (const [name, content] of whole) {
    for (let length = 0; length < content.length; length += 1) {
      await put(name, content.subarray(0, length));
      const opened = await open(stateDir);
      if (!isDeepStrictEqual(opened.state, last) || opened.stale)
        throw new Error(`${name} cut at ${length} of ${content.length} bytes`);
      await mend();
    }
    t.pass(name);
  }
});

t.test('two of its files cut at any byte cost one step at most, and that is told', async t => {
  const {stateDir, before, last, whole, put, mend} = await twoSteps(t);
  for (const intact of FILES) {
    const damaged = whole.filter(([name]) => name !== intact);
    const longest = Math.max(...damaged.map(([, content]) => content.length));
    for (let length = 0; length < longest; length += 1) {
      for (const [name, content] of damaged)
        await put(name, content.subarray(0, Math.min(length, content.length - 2)));
      const {state, stale} = await open(stateDir);
      const isOlder = intact === 'journal.before.json';
      if (!isDeepStrictEqual(state, isOlder ? before : last) || stale !== isOlder)
        throw new Error(`all but ${intact} cut at ${length} bytes`);
      await mend();
    }
    t.pass(intact);
  }
});

t.test('bytes that are flipped anywhere never give a state that was not written', async t => {
  const {stateDir, before, last, whole, put, mend} = await twoSteps(t);
  const known = [before, last, null];
  const flip = fc.record({file: fc.nat(), at: fc.nat(), bits: fc.integer({min: 1, max: 255})});
  const runs = Number(process.env.FUZZ_RUNS ?? 2_000);
  await fc.assert(
    fc.asyncProperty(fc.array(flip, {minLength: 1, maxLength: 6}), async flips => {
      const contents = whole.map(([name, content]) => [name, Buffer.from(content)] as const);
      for (const {file, at, bits} of flips) {
        const content = contents[file % contents.length]?.[1];
        if (!content) throw new Error('no file');
        const place = at % content.length;
        content[place] = (content[place] ?? 0) ^ bits;
      }
      for (const [name, content] of contents) await put(name, content);
      const {state} = await open(stateDir);
      await mend();
      return known.some(each => isDeepStrictEqual(state, each));
    }),
    {numRuns: runs},
  );
  t.pass(`${runs} times`);
});

t.test('what only the copy knows is gone with the boot', async t => {
  const {stateDir, before, last} = await twoSteps(t);
  const {journal} = await open(stateDir);
  await journal.keep(before);
  t.match(await open(stateDir), {state: before, sameBoot: true, stale: false});
  t.match(await open(stateDir, {boot: 'b-2'}), {state: last, sameBoot: false, stale: false});
});

t.test('a journal without its sum is damaged', async t => {
  const {stateDir, whole, put} = await twoSteps(t);
  for (const [name, content] of whole)
    await put(name, Buffer.from(content.toString().replace('"sum":', '"sun":')));
  t.match(await open(stateDir), {state: null});
});

t.test('files that cannot be read at all do not stop the agent from starting', async t => {
  const stateDir = await temporaryFolder(t);
  for (const name of FILES) await mkdir(join(stateDir, name), {recursive: true});
  t.match(await open(stateDir), {state: null, sameBoot: false});
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
  // a time that no calendar has, and a line that was cut
  await history.add({...line(6), at: 8.64e15 + 1});
  await writeFile(join(stateDir, 'history.jsonl'), '{"half":', {flag: 'a'});
  t.same(
    (await history.last(4)).map(each => each.generation),
    [5, 4],
  );
});
