import {readFile} from 'node:fs/promises';

/** The id of this boot of the machine (random(4)). */
export const bootId = async (): Promise<string> =>
  (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
