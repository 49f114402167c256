import {mkdir, open, rename} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {Slot} from '../../ports.ts';
import {bytesOnDisk, requireSpace} from '../space.ts';
import {requireHeld} from './allowed-refs.ts';
import type {Context} from './context.ts';
import {restoreSlot} from './kept.ts';
import {fetchRevision} from './mirror/fetch.ts';
import {formatOf, type Layout} from './mirror/layout.ts';
import {type Mirror, openMirror} from './mirror/mirror.ts';
import {discard} from './mirror/trash.ts';
import {verifySignature} from './signature.ts';
import {closeTree, slotAccess} from './tree/access.ts';
import {changedEntries, treeEntries} from './tree/entries.ts';
import {indexOf, isComplete, isFolder, readMarker, removeMarker, writeMarker} from './tree/marker.ts';
import {comparableSpare, takeSpare} from './tree/spare.ts';
import {syncDisk, workingIn, writeTree} from './tree/tree.ts';
import {refuseIncomplete} from './tree/unfit-entries.ts';

/** The revision of a git slot. */
export const revisionOf = ({release}: Slot): string => {
  if (release.kind === 'git') return release.revision;
  throw new ReasonError(
    reason('desired.refused', {expected: 'a git revision', got: `a release of the kind ${release.kind}`}),
  );
};

/**
 * Makes the slot complete: fetch, verify, refuse, write, close to others, sync, mark, rename. A complete slot is only looked at, without network.
 * A damaged mirror is made anew once.
 */
export const stageSlot = async (context: Context, slot: Slot, signal: AbortSignal): Promise<void> => {
  const {layout, log} = context;
  const revision = revisionOf(slot);
  const folder = join(layout.staging, slot.slot);
  if (await adopt(context, slot, signal)) return;
  const access = await slotAccess(context.settings, signal);
  await clear(layout, slot);
  try {
    await prepare(context, {revision, folder}, signal);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
    log.warning(`${error.message}; making it anew`);
    for (const copies of [layout.mirrors, layout.histories])
      await discard(layout, copies[formatOf(revision)]);
    await discard(layout, folder);
    await prepare(context, {revision, folder}, signal);
  }
  if (access !== null) await closeTree(workingIn(folder).tree, access);
  await syncDisk(folder, {timeoutMs: context.settings.timeoutMs}, signal);
  await rename(workingIn(folder).index, indexOf(layout, slot.slot));
  await writeMarker(layout, {slot: slot.slot, revision, directory: slot.directory, at: Date.now()});
  await moveIn(context, slot);
};

/** True for an error that a new mirror mends. */
export const isCorrupt = (error: unknown): error is ReasonError =>
  error instanceof ReasonError && error.reason.kind === 'git.mirror-corrupt';

/** True when the slot is complete, or was but for its last rename. */
const adopt = async (context: Context, slot: Slot, signal: AbortSignal): Promise<boolean> => {
  const {layout} = context;
  const marker = await readMarker(layout, slot.slot);
  const revision = revisionOf(slot);
  if (marker?.directory !== slot.directory || marker.revision !== revision) return false;
  if (await isComplete(marker, revision)) {
    await restoreSlot(context, {slot, revision}, signal);
    return true;
  }
  const {tree} = workingIn(join(layout.staging, slot.slot));
  if (!(await isFolder(tree))) return false;
  const access = await slotAccess(context.settings, signal);
  if (access !== null) await closeTree(tree, access);
  await moveIn(context, slot);
  return true;
};

const clear = async (layout: Layout, {slot, directory}: Slot): Promise<void> => {
  await removeMarker(layout, slot);
  await discard(layout, join(layout.staging, slot));
  await discard(layout, directory);
};

interface Target {
  readonly revision: string;
  readonly folder: string;
}

const prepare = async (context: Context, target: Target, signal: AbortSignal): Promise<void> => {
  const {settings, layout, log} = context;
  const {revision, folder} = target;
  const mirror = await openMirror({settings, layout, format: formatOf(revision)}, signal);
  await fetchRevision({mirror, settings, layout, revision}, signal);
  await requireHeld(context, {mirror, revision}, signal);
  const signer = await verifySignature({mirror, settings, revision}, signal);
  if (signer !== null) log.info(`${revision} is signed by ${signer}`);
  await inspect({mirror, layout, revision}, signal);
  await takeSpare(layout, folder);
  await writeTree({mirror, revision, folder}, signal);
};

/** Folders take inodes as well: so many files and folders for each file. */
const FOLDERS = 1.25;

const inspect = async (
  {mirror, layout, revision}: {readonly mirror: Mirror; readonly layout: Layout; readonly revision: string},
  signal: AbortSignal,
): Promise<void> => {
  const spare = await comparableSpare(layout, mirror, signal);
  // What the spare holds was looked at when its revision was staged, and needs no room.
  const entries =
    spare === null
      ? await treeEntries(mirror, revision, signal)
      : await changedEntries(mirror, {since: spare.revision, revision}, signal);
  await refuseIncomplete({mirror, revision, entries}, signal);
  const bytes = bytesOnDisk(entries.map(({size}) => size));
  await requireSpace({path: layout.home, bytes, inodes: Math.ceil(entries.length * FOLDERS)});
};

const moveIn = async ({layout}: Context, {slot, directory}: Slot): Promise<void> => {
  const folder = join(layout.staging, slot);
  await mkdir(dirname(directory), {recursive: true, mode: 0o755});
  await rename(workingIn(folder).tree, directory);
  const slots = await open(dirname(directory), 'r');
  try {
    await slots.sync();
  } finally {
    await slots.close();
  }
  await discard(layout, folder);
};
