import {type Amount, amountExpected, amountOf, isAmount} from './policy/amount.ts';
import {printable} from './printable.ts';
import {quote} from './quote.ts';
import {type Reason, reason} from './reason.ts';
import {parseRelease, RELEASE_EXPECTED, type Release} from './release.ts';

/** What the operators asked for, and the version of the document that says so. */
export interface Desired {
  readonly release: Release;
  /** Store version of the document: Consul ModifyIndex, S3 ETag or content hash. Only compared for equality. */
  readonly version: string;
  readonly message?: string;
  readonly by?: string;
  /** only so much of the fleet gets it; the rest stays on what it has */
  readonly share?: Amount;
  /** instances that are not waited for, whatever is wrong with them */
  readonly force?: readonly string[];
}

export type DesiredReading =
  | {readonly ok: true; readonly desired: Desired}
  | {readonly ok: false; readonly refusal: Reason};

const LIMIT = 8192;
const WORDS_LIMIT = 1_000;
const FORCED_LIMIT = 100;
const TEXTS = ['release', 'message', 'by', 'at'];
const FIELDS = new Set([...TEXTS, 'share', 'force']);

/**
 * Reads the `desired` document: a plain release id, or JSON `{"release", "message", "by", "at", "share", "force"}`. `at` (any text)
 * only makes the same request, said again, another document: Consul keeps the version of a value that does not change.
 * Anything else gives the reason `desired.refused`, which names what was expected and what came.
 */
export const readDesired = (text: string, version: string): DesiredReading => {
  const value = text.trim();
  if (value === '') return refuse(RELEASE_EXPECTED, 'an empty value');
  if (text.length > LIMIT) return refuse(`at most ${LIMIT} characters`, `${text.length}`);
  if (text.includes('\uFFFD')) return refuse('UTF-8 text', 'bytes that are not UTF-8');
  if (value.startsWith('{')) return readDocument(value, version);
  const release = parseRelease(value);
  return release ? {ok: true, desired: {release, version}} : refuse(RELEASE_EXPECTED, quote(value));
};

const readDocument = (text: string, version: string): DesiredReading => {
  const document = parseObject(text);
  if (!document) return refuse('a JSON object', quote(text));
  const unknown = Object.keys(document).find(field => !FIELDS.has(field));
  if (unknown !== undefined)
    return refuse('only the fields release, message, by, at, share and force', `the field ${quote(unknown)}`);
  const bad = TEXTS.find(field => document[field] !== undefined && typeof document[field] !== 'string');
  if (bad !== undefined)
    return refuse(`text in the field ${quote(bad)}`, quote(JSON.stringify(document[bad])));
  const {share, force} = document;
  if (share !== undefined && !isAmount(share, 1))
    return refuse(`${amountExpected(1)}, in the field "share"`, quote(JSON.stringify(share)));
  if (force !== undefined && !isForced(force))
    return refuse(`${FORCED_EXPECTED} in the field "force"`, quote(JSON.stringify(force)));
  const {release: id, message, by} = document as {release?: string; message?: string; by?: string};
  const release = parseRelease(id ?? '');
  if (!release)
    return refuse(`${RELEASE_EXPECTED} in the field "release"`, id === undefined ? 'none' : quote(id));
  const said = {
    ...(message !== undefined && {message: words(message)}),
    ...(by !== undefined && {by: words(by)}),
    ...(share !== undefined && {share: amountOf(share)}),
    ...(force !== undefined && force.length > 0 && {force}),
  };
  return {ok: true, desired: {release, version, ...said}};
};

/** What can be forced, for error texts. */
export const FORCED_EXPECTED = `at most ${FORCED_LIMIT} instance ids`;

/** True for a list of hosts that are not waited for. */
export const isForced = (value: unknown): value is readonly string[] =>
  Array.isArray(value) &&
  value.length <= FORCED_LIMIT &&
  value.every(name => typeof name === 'string' && /^[A-Za-z0-9._-]{1,100}$/.test(name));

// It is shown wherever the release is: in tables, logs and notifications.
const words = (text: string): string => printable(text, WORDS_LIMIT);

/** Of a text that begins with a brace: what JSON reads there is an object. */
const parseObject = (text: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const refuse = (expected: string, got: string): DesiredReading => ({
  ok: false,
  refusal: reason('desired.refused', {expected, got}),
});

/** What an entry of the desired key says; a reason when there is none. */
export const readingOf = (
  entry: {readonly value: string; readonly version: string} | null | undefined,
  key: string,
): DesiredReading =>
  entry ? readDesired(entry.value, entry.version) : {ok: false, refusal: reason('desired.missing', {key})};
