import {join} from 'node:path';
import {bootId} from '../host/boot-id.ts';
import {readIfThere, writeDurably} from '../host/files.ts';

/** Writes down that an activation was done in this boot. */
export const noteBoot = async (runDir: string): Promise<void> =>
  writeDurably(join(runDir, 'activated'), `${await bootId()}\n`);

/** True when an activation was done in this boot. */
export const isSameBoot = async (runDir: string): Promise<boolean> =>
  (await readIfThere(join(runDir, 'activated')))?.trim() === (await bootId());
