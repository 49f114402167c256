import {join} from 'node:path';
import {bootId} from '../host/boot-id.ts';
import {readIfThere, writeDurably} from '../host/files.ts';

/** Writes down that an activation was done in this boot. */
export const noteBoot = async (stateDir: string): Promise<void> =>
  writeDurably(join(stateDir, 'activated'), `${await bootId()}\n`);

/** True when an activation was done in this boot. */
export const isSameBoot = async (stateDir: string): Promise<boolean> =>
  (await readIfThere(join(stateDir, 'activated')))?.trim() === (await bootId());
