import * as v from 'valibot';
import {quote} from './quote.ts';
import {isReasonKind, type Reason, reason} from './reason.ts';

export type DocumentReading<T> =
  | {readonly ok: true; readonly value: T}
  | {readonly ok: false; readonly cause: Reason};

/** Reads a JSON document from the store or the disk. The reason `store.document` says where and what is wrong. */
export const readDocument = <S extends v.GenericSchema>(
  key: string,
  text: string,
  schema: S,
): DocumentReading<v.InferOutput<S>> => {
  const json = parse(text);
  // valibot takes a list for an object without its fields
  if (!json.ok || Array.isArray(json.value))
    return {ok: false, cause: reason('store.document', {key, expected: 'a JSON object', got: quote(text)})};
  const result = v.safeParse(schema, json.value);
  if (result.success) return {ok: true, value: result.output};
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const expected = `${issue.expected === null || issue.type === 'custom' ? issue.message : issue.expected}${path === null ? '' : ` in ${path}`}`;
  return {ok: false, cause: reason('store.document', {key, expected, got: quote(issue.received)})};
};

/** How many, or how many-th: a whole number from 0 that arithmetic keeps exact. */
export const countSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Milliseconds since 1970 that a calendar can show: `Date` goes no further (ECMA-262, time values). */
export const momentSchema = v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15));

/** A reason that travelled as JSON. One of a kind this version does not know keeps its name. */
export const reasonSchema = v.pipe(
  v.object({kind: v.string(), details: v.record(v.string(), v.union([v.string(), v.number()]))}),
  v.transform(
    ({kind, details}): Reason =>
      isReasonKind(kind)
        ? {kind, details}
        : reason('unexpected', {cause: `${kind} ${JSON.stringify(details)}`}),
  ),
);

const parse = (text: string): {readonly ok: true; readonly value: unknown} | {readonly ok: false} => {
  try {
    return {ok: true, value: JSON.parse(text)};
  } catch {
    return {ok: false};
  }
};
