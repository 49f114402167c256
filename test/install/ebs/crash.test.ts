import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {run} from '../../lab/run.ts';
import {eventually} from '../../support/eventually.ts';
import {unmet} from '../../support/needs.ts';
import type {CrashRun} from './crash-child.ts';
import {content, never, startWorld, type World} from './world.ts';

t.setTimeout(300_000);

const skip = unmet('root', 'debian', 'loop');
const CHILD = join(import.meta.dirname, 'crash-child.ts');

/** Runs the child; gives its exit code and the number of outside effects it had. */
const child = async (
  {lab, stateDir, identity}: World,
  given: Pick<CrashRun, 'snapshot' | 'slot' | 'work' | 'at' | 'when'>,
) => {
  const argument = JSON.stringify({endpoint: lab.address, stateDir, identity, ...given} satisfies CrashRun);
  const {code, stdout, stderr} = await run([process.execPath, CHILD, argument], {env: lab.env});
  return {died: code !== 0, calls: Number(stdout), stderr};
};

/** Dies at every effect in turn, until a run gets through. Calls `check` after each death. */
const atEveryPoint = async (
  world: World,
  {snapshot, work, when}: Pick<CrashRun, 'snapshot' | 'work' | 'when'>,
  {
    before,
    check,
  }: {before: (slot: string) => Promise<void>; check: (slot: string, at: number) => Promise<void>},
): Promise<number> => {
  for (let at = 1; at < 40; at++) {
    const slot = `slot-${when}-${at}`;
    await before(slot);
    const {died, stderr} = await child(world, {snapshot, slot, work, at, when});
    if (!died) return at - 1;
    if (stderr.includes('Error')) throw new Error(stderr);
    await check(slot, at);
  }
  throw new Error('the child makes more than 40 effects');
};

for (const when of ['before', 'after'] as const)
  t.test(
    `killed ${when} each outside effect, the next stage makes the slot and nothing is left over`,
    {skip, timeout: 240_000},
    async t => {
      const world = await startWorld(t);
      const {lab, dir, install, slot} = world;
      lab.delays.createMs = lab.delays.attachMs = 60;
      const snapshot = await lab.createSnapshot({from: await content(dir, 'one', 'hello')});
      const installer = install();
      const points = await atEveryPoint(
        world,
        {snapshot, work: 'stage', when},
        {
          before: async () => {},
          check: async (name, at) => {
            const target = slot(snapshot, name);
            const created = new Set(lab.volumes().map(({id}) => id));
            await installer.stage(target, never());
            t.equal(
              await readFile(join(target.directory, 'hello'), 'utf8'),
              'hello',
              `staged after point ${at}`,
            );
            t.equal(lab.volumes().length, 1, 'one volume: what the killed run had made was adopted');
            for (const id of created) t.ok(lab.volumes().some(each => each.id === id));
            await installer.prune([], never());
            await eventually('no volume left', () => lab.volumes().length === 0);
          },
        },
      );
      t.equal(points, 3, `died at ${points} points`);
      t.comment(`${points} points`);
    },
  );

for (const when of ['before', 'after'] as const)
  t.test(
    `killed ${when} each outside effect of a prune, the next prune finishes it`,
    {skip, timeout: 240_000},
    async t => {
      const world = await startWorld(t);
      const {lab, dir, install, slot} = world;
      lab.delays.createMs = lab.delays.attachMs = lab.delays.detachMs = 60;
      const snapshot = await lab.createSnapshot({from: await content(dir, 'one', 'hello')});
      const installer = install();
      const points = await atEveryPoint(
        world,
        {snapshot, work: 'prune', when},
        {
          before: async name => installer.stage(slot(snapshot, name), never()),
          check: async (name, at) => {
            await installer.prune([], never());
            await eventually(`no volume left after point ${at}`, () => lab.volumes().length === 0);
            await installer.stage(slot(snapshot, `${name}-again`), never());
            await installer.prune([], never());
            await eventually('no volume left', () => lab.volumes().length === 0);
          },
        },
      );
      t.equal(points, 3, `died at ${points} points`);
      t.comment(`${points} points`);
    },
  );

t.test(
  'killed while staging and never staged again, prune deletes what was made',
  {skip, timeout: 240_000},
  async t => {
    const world = await startWorld(t);
    const {lab, dir, install} = world;
    const snapshot = await lab.createSnapshot({from: await content(dir, 'one', 'hello')});
    const installer = install();
    await atEveryPoint(
      world,
      {snapshot, work: 'stage', when: 'after'},
      {
        before: async () => {},
        check: async (_, at) => {
          await installer.prune([], never());
          await eventually(`no volume left after point ${at}`, () => lab.volumes().length === 0);
        },
      },
    );
  },
);
