import {readdir, rm, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import * as v from 'valibot';
import {momentSchema} from '../../../core/document.ts';
import {readIfThere, writeDurably} from '../../../host/files.ts';
import type {Layout} from '../mirror/layout.ts';

const MARKER = v.object({
  slot: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,99}$/)),
  revision: v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)),
  directory: v.string(),
  /** milliseconds since the epoch */
  at: momentSchema,
});

/** Written when a slot's tree is on the disk as a whole, before the tree is renamed to its place. */
export type Marker = v.InferOutput<typeof MARKER>;

const FILE = '.json';

/** The marker of a slot; null when there is none, it is not readable, or it is of another place than the slot's. */
export const readMarker = async ({home, markers}: Layout, slot: string): Promise<Marker | null> => {
  const text = await readIfThere(join(markers, `${slot}${FILE}`));
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), MARKER), text);
  if (!parsed.success || parsed.output.slot !== slot) return null;
  // a clean-up deletes what is there
  return parsed.output.directory === join(dirname(home), 'slots', slot) ? parsed.output : null;
};

/** Every readable marker. */
export const readMarkers = async (layout: Layout): Promise<readonly Marker[]> => {
  const names = (await readdir(layout.markers)).filter(name => name.endsWith(FILE));
  const found = await Promise.all(names.map(name => readMarker(layout, basename(name, FILE))));
  return found.filter(marker => marker !== null);
};

/** Writes a marker durably. */
export const writeMarker = async ({markers}: Layout, marker: Marker): Promise<void> => {
  await writeDurably(join(markers, `${marker.slot}${FILE}`), `${JSON.stringify(marker)}\n`);
};

/** Beside the marker: git's index of the slot's tree, with each file's stat data as it was staged. */
export const indexOf = ({markers}: Layout, slot: string): string => join(markers, `${slot}.index`);

/** Removes a slot's marker, from then on the slot is not complete, and its index. */
export const removeMarker = async (layout: Layout, slot: string): Promise<void> => {
  await rm(join(layout.markers, `${slot}${FILE}`), {force: true});
  const index = indexOf(layout, slot);
  for (const path of [index, `${index}.lock`]) await rm(path, {force: true});
};

/** The slots that a marker or an index is there for, readable or not. */
export const markedSlots = async ({markers}: Layout): Promise<readonly string[]> =>
  (await readdir(markers)).map(name => name.replace(/\.(?:json|index)$/, ''));

/** A slot is complete when it has its marker, for this revision, and its folder is in place. */
export const isComplete = async (marker: Marker | null, revision: string): Promise<boolean> =>
  marker !== null && marker.revision === revision && (await isFolder(marker.directory));

export const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};
