/** One small change of a source file, which some test should notice. */
export interface Mutant {
  /** from the project's root */
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** the line of the file that it begins in, from 1 */
  readonly line: number;
  /** its name in reports and in the list of those explained: `file: - before + after`, without line numbers */
  readonly name: string;
}

const CONTEXT = 120;

/** A mutant of `source`, named by the lines that it changes; a mutant that changes nothing is none. */
export const mutantOf = (
  file: string,
  source: string,
  {start, end, text}: Pick<Mutant, 'start' | 'end' | 'text'>,
): Mutant => {
  const from = source.lastIndexOf('\n', start - 1) + 1;
  const to = source.indexOf('\n', end);
  const before = source.slice(from, to < 0 ? undefined : to);
  const after = source.slice(from, start) + text + source.slice(end, to < 0 ? undefined : to);
  const line = source.slice(0, start).split('\n').length;
  return {file, start, end, text, line, name: `${file}: - ${flat(before)} + ${flat(after)}`};
};

/** The source with the mutant in it. */
export const mutated = (source: string, {start, end, text}: Mutant): string =>
  source.slice(0, start) + text + source.slice(end);

const flat = (text: string): string => {
  const one = text.replaceAll(/\s+/g, ' ').trim();
  return one.length <= 2 * CONTEXT ? one : `${one.slice(0, CONTEXT)} … ${one.slice(-CONTEXT)}`;
};
