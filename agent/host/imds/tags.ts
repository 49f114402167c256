import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {Imds} from './imds.ts';

/**
 * Those of these instance tags that the instance has; null when it shows no tags to IMDS, so that nobody knows which it has.
 * Throws `imds.*`.
 */
export const readTags = async (
  imds: Imds,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | null> => {
  const there = await imds.tagKeys(signal);
  if (there === null) return null;
  const found = keys.filter(key => there.includes(key));
  return Object.fromEntries(await Promise.all(found.map(async key => [key, await read(imds, key, signal)])));
};

const read = async (imds: Imds, key: string, signal: AbortSignal): Promise<string> => {
  const value = await imds.tag(key, signal);
  if (value !== null) return value;
  const path = `tags/instance/${key}`;
  throw new ReasonError(
    reason('imds.answer', {path, expected: 'the tag that tags/instance names', got: '404'}),
  );
};
