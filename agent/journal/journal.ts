/**
 * This host's durable state. INVARIANTS:
 * - a state is on disk, with its folder, before any of its effects runs;
 * - the file before stays beside it, and a copy on another disk, so that a damaged file costs one step at most, not the host;
 * - a file whose sum is wrong was damaged: its content is not believed, even where it can be read;
 * - a journal of another instance (an image made of a live host) is never taken over.
 */
import {rename} from 'node:fs/promises';
import {join} from 'node:path';
import type {State} from '../core/host/state.ts';
import {readIfThere, writeDurably, writeOver} from '../host/files.ts';
import type {Log} from '../ports.ts';
import {type Entry, readEntry, writeEntry} from './entry.ts';

export interface Journal {
  /** Makes the state durable. Throws when it cannot be. */
  write(state: State): Promise<void>;
  /** Keeps the state for an agent that is started again before the machine is; for when `write` fails. Never throws. */
  keep(state: State): Promise<void>;
}

export interface Opened {
  readonly journal: Journal;
  /** the last state, or null on a fresh host */
  readonly state: State | null;
  /** it was written since this machine was started */
  readonly sameBoot: boolean;
  /** it may be one step old: the newest file was damaged */
  readonly stale: boolean;
}

interface OpenOptions {
  readonly stateDir: string;
  /** where the copy is: a disk of its own that is empty after a restart of the machine, as a rule */
  readonly runDir: string;
  readonly instance: string;
  /** an id that is new with every start of the machine */
  readonly boot: string;
  readonly log: Log;
}

/**
 * Opens `<stateDir>/journal.json`, the one before it and the copy `<runDir>/journal.json`, and takes the newest that is whole.
 * A damaged file is set aside. Never throws.
 */
export const openJournal = async ({stateDir, runDir, instance, boot, log}: OpenOptions): Promise<Opened> => {
  const path = join(stateDir, 'journal.json');
  const before = join(stateDir, 'journal.before.json');
  const copy = join(runDir, 'journal.json');
  const last = await read(path, log);
  const kept = await read(copy, log);
  const found = [last, kept?.boot === boot ? kept : null, await read(before, log)].filter(
    entry => entry !== null,
  );
  const mine = found.filter(entry => entry.instance === instance);
  const [newest] = mine.toSorted((a, b) => b.sequence - a.sequence);
  if (!newest && found[0])
    log.warning('the journal was written on another instance and is not used', {instance: found[0].instance});
  let sequence = newest?.sequence ?? 0;
  const textOf = (state: State): string => writeEntry({instance, boot, sequence: ++sequence, state});
  const keep = (text: string): Promise<void> => writeOver(copy, text).catch(() => undefined);
  const journal: Journal = {
    write: async state => {
      const text = textOf(state);
      await writeDurably(path, text, {keepOld: before});
      await keep(text);
    },
    keep: state => keep(textOf(state)),
  };
  const stale = newest !== undefined && newest !== last && newest !== kept;
  return {journal, state: newest?.state ?? null, sameBoot: newest?.boot === boot, stale};
};

const read = async (path: string, log: Log): Promise<Entry | null> => {
  try {
    const text = await readIfThere(path);
    if (text === null) return null;
    const reading = readEntry(path, text);
    if (reading.ok) return reading.value;
    log.error(`${reading.text}; it is kept as ${path}.damaged`);
    await rename(path, `${path}.damaged`);
  } catch (error) {
    log.error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  return null;
};
