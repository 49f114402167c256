import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {readIfThere, writeDurably} from '../host/files.ts';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** The id of this boot of the machine (random(4)). */
export const bootId = async (): Promise<string> => (await readFile(BOOT_ID, 'utf8')).trim();

/** Writes down that an activation was done in this boot. */
export const noteBoot = async (stateDir: string): Promise<void> =>
  writeDurably(join(stateDir, 'activated'), `${await bootId()}\n`);

/** True when an activation was done in this boot. */
export const isSameBoot = async (stateDir: string): Promise<boolean> =>
  (await readIfThere(join(stateDir, 'activated')))?.trim() === (await bootId());
