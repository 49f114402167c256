import {rm} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import * as v from 'valibot';
import {bootId, bootMs} from './clock.ts';
import {notThere, readText, writeText} from './files.ts';

const MARK = v.object({holder: v.string(), boot: v.string(), untilMs: v.number()});

/** Who keeps a key alive and for how long. It stands in a dot file beside the key's own, which stays plain. */
export interface Mark {
  readonly holder: string;
  /** milliseconds until the key counts as gone; 0 or less when it already does */
  readonly leftMs: number;
}

/** The mark of a key's file: null for a key that nobody has to keep alive. A mark that is not readable has expired. */
export const readMark = async (path: string): Promise<Mark | null> => {
  const file = await readText(markPath(path));
  if (file === null) return null;
  const mark = file === 'too long' ? null : parseMark(file.text);
  if (!mark) return {holder: '', leftMs: 0};
  return {holder: mark.holder, leftMs: mark.boot === bootId() ? mark.untilMs - bootMs() : 0};
};

/** Keeps a key alive for `forMs` from now, in the name of `holder`. */
export const writeMark = async (
  path: string,
  {holder, forMs}: {holder: string; forMs: number},
): Promise<void> => {
  await writeText(markPath(path), `${JSON.stringify({holder, boot: bootId(), untilMs: bootMs() + forMs})}\n`);
};

/** Makes a key an ordinary one, or removes what is left of one that is gone. */
export const removeMark = (path: string): Promise<void> => rm(markPath(path), {force: true}).catch(notThere);

const markPath = (path: string): string => join(dirname(path), `.${basename(path)}.presence`);

const parseMark = (text: string): v.InferOutput<typeof MARK> | null => {
  try {
    return v.parse(MARK, JSON.parse(text));
  } catch {
    return null;
  }
};
