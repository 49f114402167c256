const LIMIT = 80;

/** Quotes a text from outside for a message: control characters escaped, cut at 80 characters. */
export const quote = (text: string): string =>
  JSON.stringify(text.length > LIMIT ? `${text.slice(0, LIMIT)}…` : text);
