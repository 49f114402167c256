/** What breaks a line, steers a terminal or turns its order around: controls, formats, separators, halves of surrogate pairs. */
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** True when nothing of that is in a text. */
export const isPrintable = (text: string): boolean => text.search(STEERING) < 0;

/** A text from outside on one line, a blank for each run of characters that are not to be shown, cut at `limit` characters. */
export const printable = (text: string, limit: number): string => {
  const line = text.replaceAll(new RegExp(`(?:${STEERING.source})+`, 'gu'), ' ');
  return line.length > limit ? `${line.slice(0, limit).replace(/\p{Cs}$/u, '')}…` : line;
};

/** A text from outside with those characters written as escapes of JSON, which reads them back. */
export const escaped = (text: string): string =>
  text.replaceAll(STEERING, character =>
    Array.from({length: character.length}, (_, at) => codeUnit(character.charCodeAt(at))).join(''),
  );

const codeUnit = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
