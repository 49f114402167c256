/** What operators put into the store to stop a fleet, or to keep others from moving it. */
import * as v from 'valibot';
import {momentSchema, readDocument} from '../document.ts';
import {printable} from '../printable.ts';

/** The fleet stands still on purpose: nobody gets a permit. `at`: ms since the epoch. */
export interface Freeze {
  readonly by: string;
  readonly note: string;
  readonly at: number | null;
}

/** Only its owner begins rollouts. */
export interface Lock {
  readonly by: string;
  readonly why: string;
  readonly at: number | null;
}

const WORDS_LIMIT = 1_000;
const words = v.pipe(
  v.string(),
  v.transform(text => printable(text.trim(), WORDS_LIMIT)),
);

const freezeSchema = v.object({
  by: v.optional(words, 'somebody'),
  note: v.optional(words, ''),
  at: v.optional(v.nullable(momentSchema), null),
});
const lockSchema = v.object({
  by: v.optional(words, 'somebody'),
  why: v.optional(words, ''),
  at: v.optional(v.nullable(momentSchema), null),
});

/** Reads the `freeze` key: JSON `{"by", "note", "at"}`, or any text, which is the note then. Whatever it is, the fleet stands still. */
export const readFreeze = (text: string): Freeze => {
  const reading = readDocument('freeze', text, freezeSchema);
  return reading.ok ? reading.value : {by: 'somebody', note: printable(text.trim(), WORDS_LIMIT), at: null};
};

/** Reads the `lock` key: JSON `{"by", "why", "at"}`, or any text, which is the reason then. */
export const readLock = (text: string): Lock => {
  const reading = readDocument('lock', text, lockSchema);
  return reading.ok ? reading.value : {by: 'somebody', why: printable(text.trim(), WORDS_LIMIT), at: null};
};
