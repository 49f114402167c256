import {mkdir, open, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {isMissing} from './missing.ts';

/**
 * Replaces a file so that after a power cut it holds either the old or the new text: temporary file, fsync, rename,
 * fsync of the folder. With `keepOld` the file before stays beside it under that path. `mode` is octal.
 */
export const writeDurably = async (
  path: string,
  text: string,
  {keepOld, mode = 0o600}: {readonly keepOld?: string; readonly mode?: number} = {},
): Promise<void> => {
  const folder = dirname(path);
  await mkdir(folder, {recursive: true, mode: 0o700});
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  if (keepOld !== undefined) await renameIfThere(path, keepOld);
  await rename(temporary, path);
  await syncFolder(folder);
};

/** Replaces a file in one go for every reader; whether it survives a power cut is not waited for. `mode` is octal. */
export const writeOver = async (
  path: string,
  text: string,
  {mode = 0o600}: {readonly mode?: number} = {},
): Promise<void> => {
  await mkdir(dirname(path), {recursive: true, mode: 0o755});
  await writeFile(`${path}.new`, text, {mode});
  await rename(`${path}.new`, path);
};

/** Removes what writes into the folder left that a power cut ended. Not while anything may be written there. */
export const removeUnfinished = async (folder: string): Promise<void> => {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  for (const name of names) if (name.endsWith('.new')) await rm(join(folder, name), {force: true});
};

/** The text of a file, or null when it is not there. */
export const readIfThere = async (path: string): Promise<string | null> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};

const renameIfThere = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
};

/** Makes a rename or removal in a folder durable. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
