import {escaped} from './printable.ts';

const LIMIT = 80;

/**
 * Quotes a text from outside for a message: what would steer a terminal is escaped, shortened in its middle to `limit`
 * characters (80 unless told).
 */
export const quote = (text: string, {limit = LIMIT}: {readonly limit?: number} = {}): string =>
  escaped(JSON.stringify(shortened(text, limit)));

/** At most `limit` characters of a text, and a `…` for its middle: the word that matters is as often at the end as at the beginning. */
export const shortened = (text: string, limit: number): string => {
  if (text.length <= limit) return text;
  const head = Math.ceil(limit / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (limit - head))}`;
};
