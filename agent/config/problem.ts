/** One thing that is wrong with the configuration. `name` is the option's full name, such as `gate.timeout`. */
export interface Problem {
  readonly name: string;
  /** the file it was read from; null for what no file says */
  readonly file: string | null;
  readonly expected: string;
  readonly got: string;
  /** what to write instead */
  readonly hint?: string;
}

/** The one text of a problem, on one line. */
export const problemText = ({name, file, expected, got, hint}: Problem): string =>
  `${name}${file === null ? '' : ` in ${file}`}: expected ${expected}, got ${got}${hint === undefined ? '' : ` (${hint})`}`;

const LIMIT = 80;

/** Shows a configured value in a message: as TOML would have it, cut at 80 characters, passwords in addresses hidden. */
export const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  const text = value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? String(value));
  const safe = text.replaceAll(/\/\/[^/@\s"]*@/g, '//…@');
  return safe.length > LIMIT ? `${safe.slice(0, LIMIT)}…` : safe;
};
