import {rename} from 'node:fs/promises';
import {join} from 'node:path';
import * as v from 'valibot';
import {countSchema} from '../../../core/document.ts';
import {readIfThere, writeDurably} from '../../../host/files.ts';
import {bytesOnDisk, requireSpace} from '../../space.ts';
import {typeOf} from '../mirror/fetch.ts';
import type {Layout} from '../mirror/layout.ts';
import type {Mirror} from '../mirror/mirror.ts';
import {discard} from '../mirror/trash.ts';
import {treeEntries} from './entries.ts';
import {settleIndex, syncDisk, workingIn, writeTree} from './tree.ts';

const RECORD = v.object({revision: v.string(), bytes: countSchema});

/** A whole tree that no release ever ran in: the next one to stage only gets what differs. */
export type Spare = v.InferOutput<typeof RECORD>;

/** What the spare holds; null when there is none. */
export const readSpare = async ({spare}: Layout): Promise<Spare | null> => {
  const text = await readIfThere(workingIn(spare).record);
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), RECORD), text);
  return parsed.success ? parsed.output : null;
};

/** Moves the spare, when there is one, to a folder where it becomes the next tree. */
export const takeSpare = async (layout: Layout, folder: string): Promise<Spare | null> => {
  const found = await readSpare(layout);
  if (found === null) await discard(layout, layout.spare);
  else await rename(layout.spare, folder);
  return found;
};

/** The spare, when the mirror can say how another revision differs from it. */
export const comparableSpare = async (
  layout: Layout,
  mirror: Mirror,
  signal: AbortSignal,
): Promise<Spare | null> => {
  const spare = await readSpare(layout);
  return spare !== null && (await typeOf(mirror, spare.revision, signal)) === 'commit' ? spare : null;
};

interface MakeOptions {
  readonly layout: Layout;
  readonly mirror: Mirror;
  readonly revision: string;
  readonly timeoutMs: number;
}

/**
 * Makes or updates the spare to a revision that is in the mirror, at idle priority. It appears whole or not at all.
 * Throws `disk.space` or `disk.inodes` when there would not be room for one more tree beside it.
 */
export const makeSpare = async (
  {layout, mirror, revision, timeoutMs}: MakeOptions,
  signal: AbortSignal,
): Promise<void> => {
  const before = await readSpare(layout);
  if (before?.revision === revision) return;
  const entries = await treeEntries(mirror, revision, signal);
  const bytes = bytesOnDisk(entries.map(({size}) => size));
  await requireSpace({
    path: layout.home,
    bytes: 2 * bytes - (before?.bytes ?? 0),
    inodes: 2 * entries.length,
  });
  const folder = join(layout.staging, '.spare');
  await discard(layout, folder);
  await takeSpare(layout, folder);
  await writeTree({mirror, revision, folder, idle: true}, signal);
  await syncDisk(folder, {timeoutMs}, signal);
  await settleIndex({mirror, folder}, signal);
  await writeDurably(workingIn(folder).record, JSON.stringify({revision, bytes} satisfies Spare));
  await rename(folder, layout.spare);
};
