import {statfs} from 'node:fs/promises';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';

/** What is never used up: the journal and the application must still be able to write. */
const RESERVE = {bytes: 64 * 1024 * 1024, inodes: 1_000} as const;

export interface Need {
  /** a folder that exists, on a local disk: statfs of a mount that hangs would block a thread of the pool */
  readonly path: string;
  readonly bytes: number;
  readonly inodes: number;
}

/** Throws `disk.space` or `disk.inodes` when the disk of `path` has not that much left beside a reserve. */
export const requireSpace = async ({path, bytes, inodes}: Need): Promise<void> => {
  const {bavail, bsize, files, ffree} = await statfs(path);
  const space = {path, needed: bytes + RESERVE.bytes, available: bavail * bsize};
  if (space.available < space.needed) throw new ReasonError(reason('disk.space', space));
  // A file system that makes inodes as it goes (btrfs) reports none at all.
  const nodes = {path, needed: inodes + RESERVE.inodes, available: ffree};
  if (files > 0 && ffree < nodes.needed) throw new ReasonError(reason('disk.inodes', nodes));
};

const BLOCK = 4096;

/** The bytes that files of these sizes take on a disk with blocks of 4 KiB. */
export const bytesOnDisk = (sizes: Iterable<number>): number => {
  let blocks = 0;
  for (const size of sizes) blocks += Math.ceil(size / BLOCK);
  return blocks * BLOCK;
};
