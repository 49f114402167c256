import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import * as v from 'valibot';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {readIfThere, writeOver} from '../../host/files.ts';

const Record = v.object({
  /** in the environment of every process of this start, as RELEASE_AGENT_START */
  start: v.pipe(v.string(), v.uuid()),
  slot: v.string(),
  bootId: v.string(),
  /** null until the process was started: a crash in between is found by its environment */
  process: v.nullable(
    v.object({pid: v.pipe(v.number(), v.safeInteger(), v.minValue(2)), startTime: v.string()}),
  ),
});

/** What is known of the application's process; it outlives the agent. */
export type ProcessRecord = v.InferOutput<typeof Record>;

/** The record of the last start, or null before the first. Throws `activate.failed` when it is not readable. */
export const readRecord = async (stateDir: string): Promise<ProcessRecord | null> => {
  const text = await readIfThere(place(stateDir));
  if (text === null) return null;
  try {
    return v.parse(Record, JSON.parse(text));
  } catch (error) {
    const cause = `${place(stateDir)}: expected the record of a process, got something else`;
    throw new ReasonError(reason('activate.failed', {cause}), {cause: error});
  }
};

/** Replaces the record. It is not made durable: it says nothing after a reboot. */
export const writeRecord = (stateDir: string, record: ProcessRecord): Promise<void> =>
  writeOver(place(stateDir), `${JSON.stringify(record)}\n`);

/** Removes the record: nothing runs. */
export const removeRecord = (stateDir: string): Promise<void> => rm(place(stateDir), {force: true});

const place = (stateDir: string): string => join(stateDir, 'process.json');
