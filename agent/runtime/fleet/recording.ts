import {recordText} from '../../core/fleet/packed/record-text.ts';
import {noteRollout, type RecordView, supersede} from '../../core/fleet/record/note.ts';
import {type RolloutRecord, readRecord} from '../../core/fleet/record/record.ts';
import type {Keys} from '../../core/keys.ts';
import type {Clock} from '../../host/clock.ts';
import type {Entry, Expected, Log, Store} from '../../ports.ts';
import {createAside} from '../aside.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Recording {
  /** Notes what is to be seen of the rollout. Never throws, and waits for no more than the store's own deadline. */
  note(view: RecordView, signal: AbortSignal): Promise<void>;
}

/** Between two writes: a rollout of thousands changes many times in a second. */
const EVERY_MS = 5_000;
const KEPT = 50;

/** Keeps the records of rollouts. One that cannot be written is said once, and keeps no rollout back. */
export const createRecording = ({store, keys, clock, log}: Parts): Recording => {
  let known: {readonly record: RolloutRecord; readonly expected: Expected} | null = null;
  let writtenAt = Number.NEGATIVE_INFINITY;
  const aside = createAside(log, 'the record of the rollout is not written');

  const read = async (number: number, signal: AbortSignal) => {
    const entry = await store.get(keys.rollout(number), signal);
    return {record: recordOf(entry), expected: entry ? {version: entry.version} : ('absent' as const)};
  };

  const write = async (record: RolloutRecord, expected: Expected, signal: AbortSignal): Promise<void> => {
    const put = await store.put(keys.rollout(record.number), recordText(record), expected, signal);
    known = put.ok ? {record, expected: {version: put.version}} : null; // another coordinator's: it is read again
  };

  const turn = async (number: number, signal: AbortSignal): Promise<void> => {
    if (number > 1) {
      const last = await read(number - 1, signal);
      const over = last.record && supersede(last.record, clock.now());
      if (over && over !== last.record) await write(over, last.expected, signal);
    }
    if (number > KEPT) await store.delete(keys.rollout(number - KEPT), 'any', signal);
  };

  const keep = (view: RecordView, signal: AbortSignal): Promise<void> =>
    keepAsKnown(view, signal).catch((error: unknown) => {
      known = null; // until it is read again
      throw error;
    });

  const keepAsKnown = async (view: RecordView, signal: AbortSignal): Promise<void> => {
    const number = view.ledger.rollout?.number ?? 0;
    if (number === 0) return;
    const found = known?.record.number === number ? known : await read(number, signal);
    const record = noteRollout(found.record, view);
    if (!record || JSON.stringify(record) === JSON.stringify(found.record)) return;
    const isUrgent = found.record === null || record.end?.outcome !== found.record.end?.outcome;
    if (!isUrgent && clock.elapsed() - writtenAt < EVERY_MS) return;
    if (found.record === null) await turn(number, signal);
    await write(record, found.expected, signal);
    writtenAt = clock.elapsed();
  };

  return {
    note: (view, signal) => aside(() => keep(view, signal), signal),
  };
};

// One that is damaged is begun anew.
const recordOf = (entry: Entry | null): RolloutRecord | null => {
  const reading = entry && readRecord(entry.key, entry.value);
  return reading?.ok ? reading.value : null;
};
