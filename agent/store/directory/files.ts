import {createHash} from 'node:crypto';
import {type BigIntStats, constants} from 'node:fs';
import {mkdir, open, readdir, rename, rm, rmdir} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {codeOf} from '../../host/missing.ts';
import {VALUE_LIMIT} from '../key.ts';

export interface FileText {
  readonly text: string;
  /** content hash and time of change: a file that is changed and changed back has another version */
  readonly version: string;
}

const NOT_THERE = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP']);

/**
 * Reads a plain file; null when there is none. Bytes that are not UTF-8 come as U+FFFD. A file longer than a value may
 * be gives `'too long'`.
 */
export const readText = async (path: string): Promise<FileText | 'too long' | null> => {
  // O_NONBLOCK: a pipe that somebody left in the folder must not hang the reader
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(notThere);
  if (!file) return null;
  try {
    const stat = await file.stat({bigint: true});
    if (!stat.isFile()) return null;
    if (stat.size > VALUE_LIMIT) return 'too long';
    const bytes = await file.readFile();
    return {text: bytes.toString('utf8'), version: versionOf(bytes, await file.stat({bigint: true}))};
  } finally {
    await file.close();
  }
};

/**
 * Replaces a file as a whole: temporary file, fsync, rename, fsync of the folder. The temporary file has one fixed name
 * per target, so that a writer that died leaves nothing for ever; the caller holds the lock.
 */
export const writeText = async (path: string, text: string): Promise<string> => {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.tmp`);
  await makeFolder(folder);
  await rm(temporary, {force: true});
  const bytes = Buffer.from(text);
  const file = await open(temporary, 'wx');
  let version: string;
  try {
    await file.writeFile(bytes);
    await file.sync();
    version = versionOf(bytes, await file.stat({bigint: true}));
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(folder);
  return version;
};

/** After a file was removed: removes the folders below `root` that are empty now, which could be in the way of a key. */
export const pruneFolders = async (root: string, path: string): Promise<void> => {
  await syncFolder(dirname(path));
  for (let folder = dirname(path); folder !== root; folder = dirname(folder)) {
    if (!(await removeEmpty(folder))) return;
  }
};

/** The paths of all plain files below a folder, without those whose name begins with a dot; `folder` itself must exist. */
export const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = (await readdir(folder, {withFileTypes: true})).filter(entry => !entry.name.startsWith('.'));
  const found = entries.filter(entry => !entry.isDirectory()).map(entry => join(folder, entry.name));
  for (const entry of entries.filter(entry => entry.isDirectory())) {
    found.push(...((await filesBelow(join(folder, entry.name)).catch(notThere)) ?? []));
  }
  return found;
};

/** For `catch`: undefined for an error that means that there is no such file, else the error again. */
export const notThere = (error: unknown): undefined => {
  if (!NOT_THERE.has(codeOf(error) ?? '')) throw error;
};

const versionOf = (bytes: Buffer, stat: BigIntStats): string =>
  `${createHash('sha256').update(bytes).digest('hex').slice(0, 24)}-${stat.mtimeNs.toString(36)}`;

const makeFolder = async (folder: string): Promise<void> => {
  const first = await mkdir(folder, {recursive: true});
  if (first === undefined) return;
  for (let made = folder; made !== dirname(first); made = dirname(made)) await syncFolder(dirname(made));
};

const removeEmpty = async (folder: string): Promise<boolean> => {
  try {
    await rmdir(folder);
    return true;
  } catch {
    return false;
  }
};

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(notThere);
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
};
