import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parse, TomlError} from 'smol-toml';
import {isMissing} from '../../host/missing.ts';
import type {Problem} from '../options/problem.ts';

/** One file as it was read. */
export interface Fragment {
  readonly file: string;
  readonly table: Readonly<Record<string, unknown>>;
}

export interface Fragments {
  readonly fragments: readonly Fragment[];
  /** files that cannot be read or are not TOML */
  readonly problems: readonly Problem[];
}

export const MAIN_FILE = '/etc/release-agent/config.toml';
/** A file in a later folder replaces the one of the same name in an earlier folder, as with systemd's drop-ins. */
export const DROP_IN_FOLDERS = [
  '/usr/lib/release-agent/config.d',
  '/run/release-agent/config.d',
  '/etc/release-agent/config.d',
] as const;

const LIMIT = 1_048_576;

/** Reads config.toml and then the drop-ins in the order of their names, below `root`. Later fragments win. */
export const readFragments = async (root: string, signal?: AbortSignal): Promise<Fragments> => {
  const fragments: Fragment[] = [];
  const problems: Problem[] = [];
  for (const file of [join(root, MAIN_FILE), ...(await dropIns(root, problems))]) {
    signal?.throwIfAborted();
    const read = await readFragment(file, signal);
    if (read === null) continue;
    if ('table' in read) fragments.push(read);
    else problems.push(read);
  }
  return {fragments, problems};
};

/** What a file's text says, or why it is not TOML. */
export const parseFragment = (file: string, text: string): Fragment | Problem => {
  if (text.length > LIMIT)
    return {name: 'size', file, expected: `at most ${LIMIT} characters`, got: `${text.length}`};
  if (text.includes('\uFFFD')) return notText(file, text);
  try {
    return {file, table: parse(text, {unsafeKeyBehaviour: 'throw', maxDepth: 20})};
  } catch (error) {
    if (error instanceof TomlError) return notToml(file, error);
    throw error;
  }
};

const dropIns = async (root: string, problems: Problem[]): Promise<readonly string[]> => {
  const files = new Map<string, string>();
  for (const folder of DROP_IN_FOLDERS.map(path => join(root, path))) {
    const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (!isMissing(error)) problems.push(unreadable(folder, error));
      return [];
    });
    for (const name of names) {
      if (name.endsWith('.toml') && !name.startsWith('.')) files.set(name, join(folder, name));
    }
  }
  const byName = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1);
  return [...files].sort(byName).map(([, file]) => file);
};

const readFragment = async (file: string, signal?: AbortSignal): Promise<Fragment | Problem | null> => {
  try {
    return parseFragment(file, await readFile(file, {encoding: 'utf8', ...(signal && {signal})}));
  } catch (error) {
    signal?.throwIfAborted();
    if (isMissing(error)) return null;
    return unreadable(file, error as Error);
  }
};

const notText = (file: string, text: string): Problem => ({
  name: `line ${text.slice(0, text.indexOf('\uFFFD')).split('\n').length}`,
  file,
  expected: 'UTF-8 text',
  got: 'bytes that are not UTF-8',
});

const notToml = (file: string, {line, column, message}: TomlError): Problem => ({
  name: `line ${line}, column ${column}`,
  file,
  expected: 'TOML',
  got: (message.split('\n')[0] ?? message).replace(/^Invalid TOML document: /, ''),
});

const unreadable = (file: string, {message}: Error): Problem => ({
  name: 'the file',
  file,
  expected: 'to be readable',
  got: message.split(',')[0] ?? message,
});
