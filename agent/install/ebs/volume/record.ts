import {readdir, readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import * as v from 'valibot';
import {printable} from '../../../core/printable.ts';
import {removeUnfinished, syncFolder, writeDurably} from '../../../host/files.ts';
import {isMissing} from '../../../host/missing.ts';
import type {Log} from '../../../ports.ts';

const RECORD = v.object({
  format: v.literal(1),
  /** the instance it was written on: an image made of a live host carries records of another one */
  instance: v.string(),
  slot: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,100}$/)),
  snapshot: v.string(),
  /** part of the client token: one number makes at most one volume */
  attempt: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  volume: v.nullable(v.string()),
  /** the name AttachVolume was last called with */
  device: v.nullable(v.string()),
  /** it has been mounted once: nothing but its device is needed to mount it again */
  complete: v.boolean(),
  /** prune is about to detach its volume: it must not be mounted again before EC2 was asked */
  removing: v.boolean(),
  /** what is read of it first comes from S3, and what the last release reads was not all read beforehand */
  cold: v.optional(v.boolean()),
});

/** What is known of one slot's volume. Written before each step outside, so that a crash loses nothing. */
export type VolumeRecord = v.InferOutput<typeof RECORD>;

export interface Records {
  read(slot: string): Promise<VolumeRecord | null>;
  /** Gives back what it wrote, durably. */
  write(record: VolumeRecord): Promise<VolumeRecord>;
  remove(slot: string): Promise<void>;
  /** Every slot with a record, readable or not, in order. */
  slots(): Promise<readonly string[]>;
  /** Removes what was never wholly written. */
  sweep(): Promise<void>;
  /** Those that can be read, in order of slots. */
  list(): Promise<readonly VolumeRecord[]>;
}

interface RecordsOptions {
  readonly folder: string;
  readonly instance: string;
  readonly log: Log;
}

const SUFFIX = '.slot.json';

/** Records as `<folder>/<slot>.slot.json`. Unreadable ones and those of another instance count as absent: the tags find their volumes. */
export const createRecords = ({folder, instance, log}: RecordsOptions): Records => {
  const path = (slot: string) => join(folder, `${slot}${SUFFIX}`);
  const read = async (slot: string): Promise<VolumeRecord | null> => {
    const text = await readFile(path(slot), 'utf8').catch(absent);
    if (text === null) return null;
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), RECORD), text);
    if (!parsed.success) {
      log.warning('a volume record is not readable and is left aside', {
        slot: printable(slot, 100),
        cause: printable(parsed.issues[0].message, 200),
      });
      return null;
    }
    const {output} = parsed;
    return output.instance === instance && output.slot === slot ? output : null;
  };
  const slots = async (): Promise<readonly string[]> => {
    const files = (await readdir(folder).catch(absent)) ?? [];
    return files
      .filter(each => each.endsWith(SUFFIX) && !each.startsWith('.'))
      .map(each => each.slice(0, -SUFFIX.length))
      .sort();
  };
  return {
    read,
    slots,
    write: async record => {
      await writeDurably(path(record.slot), `${JSON.stringify(record)}\n`);
      return record;
    },
    remove: async slot => {
      await rm(path(slot), {force: true});
      await syncFolder(folder);
    },
    sweep: () => removeUnfinished(folder),
    list: async () => {
      const records = await Promise.all((await slots()).map(read));
      return records.filter(each => each !== null);
    },
  };
};

const absent = (error: unknown): null => {
  if (isMissing(error)) return null;
  throw error;
};
