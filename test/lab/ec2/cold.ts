import {readFileSync} from 'node:fs';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {eventually} from '../../support/eventually.ts';
import {prepare} from '../image/prepare.ts';
import {endProcess, isRunning, startProcess} from '../process.ts';
import {must} from '../run.ts';

const PROGRAM = join(import.meta.dirname, 'coldfs.py');
/** EBS fetches about this much at once. */
const BLOCK = 512 * 1024;

export type ColdImage = {
  /** A loop device of it. */
  readonly connect: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

/**
 * Serves an image as a volume is whose blocks come from S3: the first touch of each takes `msPerBlock`. Over FUSE, mounted where only
 * its own process sees it, so that nothing is left when that dies.
 */
export const serveCold = async (image: string, msPerBlock: number): Promise<ColdImage> => {
  await prepare(['python3', 'losetup', 'nsenter']);
  const [place, log] = [`${image}.cold`, `${image}.log`];
  await Promise.all([writeFile(place, ''), writeFile(log, '')]);
  const privately = ['unshare', '--mount', '--propagation', 'private'];
  const told = [image, place, touchedBy(image), String(BLOCK), String(msPerBlock)];
  const server = startProcess({argv: [...privately, 'python3', PROGRAM, ...told], log});
  await eventually(
    `${place} to be served`,
    () => {
      const words = readFileSync(log, 'utf8');
      if (!isRunning(server)) throw new Error(`coldfs.py ended: ${words.slice(-800)}`);
      return words.includes('serving');
    },
    {timeoutMs: 30_000},
  );
  const there = ['nsenter', `--mount=/proc/${server.pid}/ns/mnt`];
  return {
    connect: async () => (await must([...there, 'losetup', '--find', '--show', place])).trim(),
    stop: () => endProcess(server),
  };
};

/** How many blocks of a cold image were touched so far. */
export const coldReads = async (image: string): Promise<number> =>
  (await readFile(touchedBy(image))).filter(byte => byte === 1).length;

/** What remembers which blocks of an image were touched. */
export const touchedBy = (image: string): string => `${image}.touched`;
