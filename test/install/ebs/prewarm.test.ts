import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {pointCurrent} from '../../../agent/activate/current.ts';
import type {EbsInstallerOptions} from '../../../agent/install/ebs/installer.ts';
import type {Log} from '../../../agent/ports.ts';
import {unmet} from '../../support/needs.ts';
import {content, never, readRecord, SETTINGS, silent, startWorld, type World} from './world.ts';

t.setTimeout(180_000);

const skip = unmet('root', 'debian', 'loop');
const FILES = ['lib/a large file', 'lib/größe', 'lib/unread'];

/** A release that serves and has read two of its files, and a snapshot whose volumes are slow where they are read first. */
const startServing = async (world: World) => {
  const {lab, dir, stateDir, install, slot} = world;
  const folder = await content(dir, 'one', 'hello');
  await mkdir(join(folder, 'lib'));
  for (const name of FILES) await writeFile(join(folder, name), Buffer.alloc(3_000_000, name));
  const snapshot = await lab.createSnapshot({from: folder});
  const one = slot(snapshot, 'one');
  await install().stage(one, never());
  await pointCurrent(stateDir, 'one');
  for (const name of FILES.slice(0, 2)) await readFile(join(one.directory, name));
  lab.snapshot(snapshot).coldMsPerBlock = 2;
  return snapshot;
};

/** Stages it again and gives how many blocks are read first by whoever reads one of its files then. */
const stageNext = async (world: World, snapshot: string, name: string, prewarm = SETTINGS.prewarm) => {
  const {lab, install, slot, stateDir} = world;
  const lines: string[] = [];
  const note = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = {...silent, info: note, warning: note};
  const options: Partial<EbsInstallerOptions> = {settings: {...SETTINGS, prewarm}, log};
  const next = slot(snapshot, name);
  await install(options).stage(next, never());
  const {volume, cold} = await readRecord(stateDir, name);
  const coldReads = async (file: string): Promise<number> => {
    const before = await lab.coldReads(volume ?? '');
    await readFile(join(next.directory, file));
    return (await lab.coldReads(volume ?? '')) - before;
  };
  return {coldReads, cold, lines};
};

const LAST = {what: 'last', rateMiB: 50, untilMs: 60_000} as const;

t.test('what the last release has read is read first while staging, and nothing else is', {skip}, async t => {
  const world = await startWorld(t);
  const snapshot = await startServing(world);

  const without = await stageNext(world, snapshot, 'without');
  t.ok((await without.coldReads('lib/a large file')) >= 4);
  t.ok((await without.coldReads('lib/größe')) >= 4);
  t.equal(without.cold, true);

  const warm = await stageNext(world, snapshot, 'warm', LAST);
  t.equal(await warm.coldReads('lib/a large file'), 0);
  t.equal(await warm.coldReads('lib/größe'), 0);
  t.ok((await warm.coldReads('lib/unread')) >= 4);
  t.equal(warm.cold, false);
  t.match(warm.lines.join('\n'), /is read beforehand .*"files":2,"mebibytes":6/);

  const late = await stageNext(world, snapshot, 'late', {...LAST, untilMs: 1});
  t.ok((await late.coldReads('lib/größe')) >= 4, 'a stage is not late for it');
  t.equal(late.cold, true);
  t.match(late.lines.join('\n'), /not all .* is read beforehand .*was over/);
});
