import {readlink} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {quote} from '../../core/quote.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import type {Slot} from '../../ports.ts';
import type {Context} from './context.ts';
import {formatOf} from './mirror/layout.ts';
import {openMirror} from './mirror/mirror.ts';
import {closeTree, isClosed, slotAccess} from './tree/access.ts';
import {restoreTree} from './tree/altered.ts';
import {indexOf, isFolder} from './tree/marker.ts';
import {syncDisk} from './tree/tree.ts';

/** Far above what 50,000 files take; at most half of what staging as a whole may take, so that it never ends that. */
const LIMIT_MS = 60_000;
const NAMED = 3;

/**
 * Before a slot that was kept is used again: what was altered in it since it was staged is restored from the mirror, and said.
 * Whatever goes wrong is said as well, and no more: a rollback to files that were not looked at is better than none. The slot that `current` points at stays as it
 * is: its application may be running.
 */
export const restoreSlot = async (
  context: Context,
  kept: {readonly slot: Slot; readonly revision: string},
  signal: AbortSignal,
): Promise<void> => {
  const {slot} = kept.slot;
  if (await isCurrent(context, slot)) return;
  const timeoutMs = Math.min(LIMIT_MS, context.settings.timeoutMs / 2);
  try {
    const altered = await withTimeLimit({timeoutMs}, limit => restore(context, kept, limit), signal);
    if (altered.length === 0) return;
    const names = altered.slice(0, NAMED).map(path => quote(path));
    const more = altered.length > NAMED ? [`${altered.length - NAMED} more`] : [];
    const list = [...names, ...more].join(', ');
    context.log.warning(`files of ${slot} were altered since it was staged, and are restored: ${list}`);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error ? error.message : String(error);
    context.log.warning(`${slot} is used as it is, altered or not: ${cause}`);
  }
};

/**
 * Closes the kept slots that were staged before `install.git.group` was set, once the first of them, which serves, is closed: that it
 * passed its gate says that the application gets in. Until then they are the way back, and stay open. What goes wrong is only said.
 */
export const closeKept = async (
  context: Context,
  keep: readonly Slot[],
  signal: AbortSignal,
): Promise<void> => {
  const [serving, ...others] = keep;
  if (context.settings.group === undefined || serving === undefined) return;
  try {
    if (!(await isCurrent(context, serving.slot))) return;
    const access = await slotAccess(context.settings, signal);
    if (access === null || !(await isClosed(serving.directory, access))) return;
    for (const {directory} of others) if (await isFolder(directory)) await closeTree(directory, access);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error ? error.message : String(error);
    context.log.warning(`not every release is closed to other users: ${cause}`);
  }
};

const isCurrent = async ({layout}: Context, slot: string): Promise<boolean> => {
  try {
    return basename(await readlink(join(dirname(layout.home), 'current'))) === slot;
  } catch {
    return false;
  }
};

const restore = async (
  {settings, layout}: Context,
  {slot: {slot, directory}, revision}: {readonly slot: Slot; readonly revision: string},
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const mirror = await openMirror({settings, layout, format: formatOf(revision)}, signal);
  const altered = await restoreTree(
    {mirror, revision, tree: directory, index: indexOf(layout, slot)},
    signal,
  );
  if (altered.length > 0) await syncDisk(directory, {timeoutMs: LIMIT_MS}, signal);
  return altered;
};
