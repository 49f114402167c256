import {dirname, join} from 'node:path';
import {removeUnfinished} from '../../host/files.ts';
import type {Slot} from '../../ports.ts';
import type {Context} from './context.ts';
import {openHistory} from './mirror/history.ts';
import {formatOf, heldRefOf, refOf} from './mirror/layout.ts';
import {maintain} from './mirror/maintain.ts';
import {namesIn, openMirror} from './mirror/mirror.ts';
import {discard, emptyTrash} from './mirror/trash.ts';
import {isCorrupt, revisionOf} from './stage.ts';
import {isComplete, isFolder, type Marker, markedSlots, readMarkers, removeMarker} from './tree/marker.ts';
import {makeSpare, readSpare} from './tree/spare.ts';

/**
 * Deletes every slot but those kept, what interrupted runs left, mirrors of other URLs, and objects that no kept revision
 * needs. Slots go first: a kept slot never depends on the mirror.
 */
export const pruneSlots = async (
  context: Context,
  keep: readonly Slot[],
  signal: AbortSignal,
): Promise<void> => {
  const {layout, settings} = context;
  const kept = new Set(keep.map(({slot}) => slot));
  for (const {slot, directory} of await readMarkers(layout)) {
    if (kept.has(slot)) continue;
    await discard(layout, directory);
    await removeMarker(layout, slot);
  }
  await removeUnfinished(layout.markers);
  await discardUnmarked(context, kept);
  for (const name of await namesIn(layout.staging))
    if (!kept.has(name)) await discard(layout, join(layout.staging, name));
  await discardStrangers(context);
  await emptyTrash(layout, {timeoutMs: settings.timeoutMs}, signal);
  await pruneMirrors(context, keep, signal);
};

/**
 * Prepares the spare for the next release: the newest kept revision. Not while a kept slot still waits to be staged,
 * which is more urgent.
 */
export const prepareSpare = async (
  context: Context,
  keep: readonly Slot[],
  signal: AbortSignal,
): Promise<void> => {
  const {layout, settings} = context;
  const markers = await readMarkers(layout);
  const complete: Marker[] = [];
  for (const slot of keep) {
    const marker = markers.find(each => each.slot === slot.slot) ?? null;
    if (marker !== null && (await isComplete(marker, revisionOf(slot)))) complete.push(marker);
    // a slot in place whose marker was lost has nothing to wait for
    else if (!(await isFolder(slot.directory))) return;
  }
  const newest = complete.sort((a, b) => b.at - a.at)[0];
  if (newest === undefined) return;
  const {revision} = newest;
  const mirror = await openMirror({settings, layout, format: formatOf(revision)}, signal);
  const {exitCode} = await mirror.git.ask(['rev-parse', '--verify', '--quiet', refOf(revision)], {}, signal);
  if (exitCode !== 0) return;
  await makeSpare({layout, mirror, revision, timeoutMs: settings.timeoutMs}, signal);
};

/** As slots of revisions are named: nothing else in the folder of slots is this installer's. */
const SLOT = /^\d+-[0-9a-f]{12}$/;

/** Slots whose marker was lost or damaged: no marker that can be read tells of them. */
const discardUnmarked = async ({layout}: Context, kept: ReadonlySet<string>): Promise<void> => {
  const slots = join(dirname(layout.home), 'slots');
  for (const slot of new Set([...(await markedSlots(layout)), ...(await namesIn(slots))])) {
    if (kept.has(slot) || !SLOT.test(slot)) continue;
    await discard(layout, join(slots, slot));
    await removeMarker(layout, slot);
  }
};

const discardStrangers = async ({layout}: Context): Promise<void> => {
  const ours = Object.values(layout).flatMap(place =>
    typeof place === 'string' ? [place] : Object.values(place),
  );
  for (const name of await namesIn(layout.home)) {
    const path = join(layout.home, name);
    if (!ours.includes(path)) await discard(layout, path);
  }
};

const pruneMirrors = async (context: Context, keep: readonly Slot[], signal: AbortSignal): Promise<void> => {
  const {layout, settings, log} = context;
  const spare = await readSpare(layout);
  const revisions = [...keep.map(revisionOf), ...(spare === null ? [] : [spare.revision])];
  const marks = new Set(revisions.flatMap(each => [refOf(each), heldRefOf(each, settings.refs)]));
  for (const format of ['sha1', 'sha256'] as const) {
    const copies = [
      {path: layout.mirrors[format], open: openMirror, keep: marks},
      {path: layout.histories[format], open: openHistory, keep: 'all' as const},
    ];
    for (const {path, open, keep: references} of copies) {
      if ((await namesIn(path)).length === 0) continue;
      try {
        await maintain(await open({settings, layout, format}, signal), {keep: references}, signal);
      } catch (error) {
        if (!isCorrupt(error)) throw error;
        log.warning(`${error.message}; it is made anew when it is needed`);
        await discard(layout, path);
      }
    }
  }
};
