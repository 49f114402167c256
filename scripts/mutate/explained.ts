/** The survivors that no test is to kill, and why: `explained.txt`. What it says has to stay true. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

const FILE = join(import.meta.dirname, 'explained.txt');

/** Names of mutants and why each may survive. A paragraph of the file is a reason, then the mutants that it holds for, indented. */
export const readExplained = (text = readFileSync(FILE, 'utf8')): ReadonlyMap<string, string> => {
  const explained = new Map<string, string>();
  for (const paragraph of text.split(/\n\n+/)) {
    const lines = paragraph.split('\n').filter(line => line !== '');
    const why = lines.filter(line => !line.startsWith('  ')).join(' ');
    for (const line of lines) if (line.startsWith('  ')) explained.set(line.trim(), why);
  }
  return explained;
};

/** What is wrong with the list: names that are no mutant of today's sources, and mutants that a test notices. */
export const rotten = (
  explained: ReadonlyMap<string, string>,
  all: ReadonlySet<string>,
  noticed: ReadonlySet<string>,
): readonly string[] =>
  [...explained].flatMap(([name, why]) => {
    if (why === '') return [`explained without a reason: ${name}`];
    if (!all.has(name)) return [`explained, but no mutant of the sources: ${name}`];
    return noticed.has(name) ? [`explained, but noticed by a test: ${name}`] : [];
  });
