import {escaped, printable} from '../../core/printable.ts';

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

/** The problem as it can be shown: names and values come from files that anybody may have written. */
export const shown = ({name, file, expected, got, hint}: Problem): Problem => ({
  name: printable(name, NAME_LIMIT),
  file: file === null ? null : printable(file, PART_LIMIT),
  expected: printable(expected, PART_LIMIT),
  got: printable(got, PART_LIMIT),
  ...(hint !== undefined && {hint: printable(hint, PART_LIMIT)}),
});

const NAME_LIMIT = 100;
const PART_LIMIT = 300;
const TOGETHER_LIMIT = 1_800;

/** All problems on one line, as many as fit. */
export const problemsText = (problems: readonly Problem[]): string => {
  let text = '';
  for (const [index, problem] of problems.entries()) {
    const longer = `${text}${index === 0 ? '' : '; '}${problemText(problem)}`;
    if (longer.length > TOGETHER_LIMIT && index > 0)
      return `${text}; and ${problems.length - index} more: "agentctl check" says them all`;
    text = longer;
  }
  return text;
};

const LIMIT = 80;

/** Shows a configured value in a message: as TOML would have it, cut at 80 characters, passwords in addresses hidden. */
export const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  const text = value instanceof Date ? value.toISOString() : (JSON.stringify(value) ?? String(value));
  const safe = escaped(text).replaceAll(/\/\/[^/@\s"]*@/g, '//…@');
  return safe.length > LIMIT ? `${safe.slice(0, LIMIT)}…` : safe;
};
