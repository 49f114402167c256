/**
 * This host's durable state. INVARIANTS:
 * - a state is on disk, with its folder, before any of its effects runs;
 * - the file before stays beside it, so that a damaged file costs one step, not the host;
 * - a journal of another instance (an image made of a live host) is never taken over.
 */
import {rename} from 'node:fs/promises';
import {join} from 'node:path';
import {readDocument} from '../core/document.ts';
import type {State} from '../core/host/state.ts';
import {reasonText} from '../core/reason.ts';
import {readIfThere, writeDurably} from '../host/files.ts';
import type {Log} from '../ports.ts';
import {journalSchema} from './schema.ts';

export interface Journal {
  write(state: State): Promise<void>;
}

export interface Opened {
  readonly journal: Journal;
  /** the last state, or null on a fresh host */
  readonly state: State | null;
  /** it was written since this machine was started */
  readonly sameBoot: boolean;
}

interface OpenOptions {
  readonly stateDir: string;
  readonly instance: string;
  /** an id that is new with every start of the machine */
  readonly boot: string;
  readonly log: Log;
}

/** Opens `<stateDir>/journal.json`. A damaged file is set aside and the one before it is used. */
export const openJournal = async ({stateDir, instance, boot, log}: OpenOptions): Promise<Opened> => {
  const path = join(stateDir, 'journal.json');
  const before = join(stateDir, 'journal.before.json');
  const journal: Journal = {
    write: state =>
      writeDurably(path, `${JSON.stringify({format: 1, instance, boot, state})}\n`, {keepOld: before}),
  };
  const found = (await read(path, log)) ?? (await read(before, log));
  if (!found) return {journal, state: null, sameBoot: false};
  if (found.instance !== instance) {
    log.warning('the journal was written on another instance and is not used', {instance: found.instance});
    return {journal, state: null, sameBoot: false};
  }
  return {journal, state: found.state, sameBoot: found.boot === boot};
};

const read = async (path: string, log: Log) => {
  const text = await readIfThere(path);
  if (text === null) return null;
  const reading = readDocument(path, text, journalSchema);
  if (reading.ok) return reading.value;
  const aside = `${path}.damaged`;
  log.error(`${reasonText(reading.cause)}; it is kept as ${aside}`);
  await rename(path, aside);
  return null;
};
