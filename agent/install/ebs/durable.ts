import {mkdir, open, rename} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';

/** Writes a small file so that after a power cut it holds either the old text or the new one, never a part. */
export const writeDurably = async (path: string, text: string): Promise<void> => {
  const folder = dirname(path);
  await mkdir(folder, {recursive: true, mode: 0o700});
  const scratch = join(folder, `.${basename(path)}.new`);
  const file = await open(scratch, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(scratch, path);
  await syncFolder(folder);
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
