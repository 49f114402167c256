import {readDocument} from '../core/document.ts';
import type {State} from '../core/host/state.ts';
import {reason, reasonText} from '../core/reason.ts';
import {journalSchema} from './schema.ts';
import {crc32} from './sum.ts';

/** A state with where and when it was written; `sequence` grows with every one. */
export interface Entry {
  readonly instance: string;
  readonly boot: string;
  readonly sequence: number;
  readonly state: State;
}

export type EntryReading =
  | {readonly ok: true; readonly value: Entry}
  | {readonly ok: false; readonly text: string};

/** The text of a journal file: one line of JSON, with the sum of everything else in it. */
export const writeEntry = ({instance, boot, sequence, state}: Entry): string => {
  const body = {format: 1, instance, boot, sequence, state};
  return `${JSON.stringify({...body, sum: sumOf(body)})}\n`;
};

/** Reads a journal file back. One without a sum is damaged: a flipped byte may have taken the sum's name. */
export const readEntry = (path: string, text: string): EntryReading => {
  const reading = readDocument(path, text, journalSchema);
  if (!reading.ok) return {ok: false, text: reasonText(reading.cause)};
  const {sum, ...body} = JSON.parse(text) as {readonly sum: string};
  if (sum === sumOf(body)) return {ok: true, value: reading.value};
  const cause = {key: path, expected: `a content with the sum ${sum}`, got: sumOf(body)};
  return {ok: false, text: reasonText(reason('store.document', cause))};
};

const sumOf = (body: object): string => crc32(JSON.stringify(body));
