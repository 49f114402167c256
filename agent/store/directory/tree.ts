import {rm, stat} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {codeOf} from '../../host/missing.ts';
import type {Entry, Expected, PutResult} from '../../ports.ts';
import type {Write} from '../adapter.ts';
import {byKey, isKey, refused, unreachable, VALUE_LIMIT} from '../key.ts';
import {filesBelow, notThere, pruneFolders, readText, writeText} from './files.ts';
import {readMark, removeMark} from './mark.ts';

export interface Tree {
  readonly store: string;
  readonly root: string;
}

export interface Reading {
  readonly entries: readonly Entry[];
  /** milliseconds until the first of these entries expires; Infinity when none does */
  readonly expiresInMs: number;
}

const NOTHING: Reading = {entries: [], expiresInMs: Number.POSITIVE_INFINITY};

/** One key as it is now: zero or one entries. A key whose mark has expired is not there. */
export const readKey = async (tree: Tree, key: string): Promise<Reading> => {
  const reading = await readFileOf(tree, key);
  if (reading === 'too long')
    throw refused(tree.store, `${join(tree.root, key)}: expected at most ${VALUE_LIMIT} bytes`);
  if (reading.entries.length === 0) await checkRoot(tree);
  return reading;
};

/** Every key that begins with the prefix. Files whose names are no keys, and files too long for a value, are not listed. */
export const readPrefix = async (tree: Tree, prefix: string): Promise<Reading> => {
  await checkRoot(tree);
  const folder = join(tree.root, prefix.slice(0, prefix.lastIndexOf('/') + 1));
  const files = (await filesBelow(folder).catch(notThere)) ?? [];
  const keys = files
    .map(file => relative(tree.root, file))
    .filter(key => isKey(key) && key.startsWith(prefix));
  const readings: Reading[] = [];
  for (const key of keys) {
    const reading = await readFileOf(tree, key);
    if (reading !== 'too long') readings.push(reading);
  }
  return {
    entries: readings.flatMap(({entries}) => entries).sort(byKey),
    expiresInMs: Math.min(...readings.map(({expiresInMs}) => expiresInMs)),
  };
};

/** Writes a key if it is as expected; the caller holds the lock. A key that had expired becomes an ordinary one. */
export const putKey = async (tree: Tree, {key, value, expected}: Write): Promise<PutResult> => {
  const [entry] = (await readKey(tree, key)).entries;
  if (!holds(entry, expected)) return {ok: false};
  const path = join(tree.root, key);
  if (!entry) await removeMark(path);
  return {ok: true, version: await writeKey(tree, key, value)};
};

/** Deletes a key if it is as expected; the caller holds the lock. */
export const deleteKey = async (tree: Tree, key: string, expected: Expected): Promise<boolean> => {
  const [entry] = (await readKey(tree, key)).entries;
  if (entry && !holds(entry, expected)) return false;
  await removeKey(tree, key);
  return true;
};

/** Removes a key's file, then its mark: without the file the mark says nothing. The caller holds the lock. */
export const removeKey = async ({root}: Tree, key: string): Promise<void> => {
  const path = join(root, key);
  await rm(path, {force: true}).catch(notThere);
  await removeMark(path);
  await pruneFolders(root, path);
};

/** Writes a key's file as a whole and gives its version. Keys cannot be below each other: a file is no folder. */
export const writeKey = async ({store, root}: Tree, key: string, value: string): Promise<string> => {
  try {
    return await writeText(join(root, key), value);
  } catch (error) {
    if (!NESTED.has(codeOf(error) ?? '')) throw error;
    throw refused(store, `the key ${key}: in a directory no key can be below another key`, {cause: error});
  }
};

const readFileOf = async ({root}: Tree, key: string): Promise<Reading | 'too long'> => {
  const path = join(root, key);
  const file = await readText(path);
  if (file === null || file === 'too long') return file ?? NOTHING;
  const leftMs = (await readMark(path))?.leftMs ?? Number.POSITIVE_INFINITY;
  if (leftMs <= 0) return NOTHING;
  return {entries: [{key, value: file.text, version: file.version}], expiresInMs: leftMs};
};

const NESTED = new Set(['ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY']);

const holds = (entry: Entry | undefined, expected: Expected): boolean => {
  if (expected === 'any') return true;
  return expected === 'absent' ? entry === undefined : entry?.version === expected.version;
};

const checkRoot = async ({store, root}: Tree): Promise<void> => {
  const found = await stat(root).catch(notThere);
  if (!found?.isDirectory()) throw unreachable(store, `the folder ${root} is not there`);
};
