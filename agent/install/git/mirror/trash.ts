import {mkdir, rename} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {crypto} from '../../../host/http/lazy.ts';
import {isMissing} from '../../../host/missing.ts';
import {run} from '../../../host/process/process.ts';
import type {Layout} from './layout.ts';

/** Takes a file or folder out of its place at once, by rename; `emptyTrash` deletes it. What is not there is done. */
export const discard = async ({trash}: Layout, path: string): Promise<void> => {
  await mkdir(trash, {recursive: true, mode: 0o700});
  try {
    await rename(path, join(trash, `${basename(path)}-${crypto().randomUUID()}`));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
};

/** Deletes what was discarded, now or before a crash. Never crosses into a file system that is mounted in there. */
export const emptyTrash = async (
  {trash}: Layout,
  {timeoutMs}: {readonly timeoutMs: number},
  signal: AbortSignal,
): Promise<void> => {
  await run('rm', ['-rf', '--one-file-system', '--', trash], {timeoutMs}, signal);
};
