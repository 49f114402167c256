import {escaped} from './printable.ts';

const LIMIT = 80;

/** Quotes a text from outside for a message: what would steer a terminal is escaped, cut at 80 characters. */
export const quote = (text: string): string =>
  escaped(JSON.stringify(text.length > LIMIT ? `${text.slice(0, LIMIT)}…` : text));
