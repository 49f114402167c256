import {mkdir, mkdtemp, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {prepare} from '../image/prepare.ts';
import {must} from '../run.ts';

export type Filesystem = 'ext4' | 'xfs';

const MIB = 1 << 20;
/** Images may be large and the disk slow. */
const COPY_MS = 900_000;
const XFS_LEAST = 320 * MIB; // mkfs.xfs refuses a file system under 300 MB

/** Makes the image file `into` with this file system, holding what the folder `from` holds; loop mounts (so root) only for xfs. */
export const buildImage = async ({
  from,
  fs,
  into,
}: {
  from: string;
  fs: Filesystem;
  into: string;
}): Promise<void> => {
  await prepare([`mkfs.${fs}`]);
  const used = Number((await must(['du', '-s', '-B1', '--apparent-size', from])).split('\t')[0]);
  const size = Math.max(fs === 'xfs' ? XFS_LEAST : 0, Math.ceil(used * 1.3) + 16 * MIB);
  await must(['truncate', '-s', String(size), into]);
  if (fs === 'ext4') await must(['mkfs.ext4', '-q', '-m', '0', '-d', from, into], {timeoutMs: COPY_MS});
  else await fillXfs(from, into);
};

// In a mount namespace of its own: a container that starts meanwhile would have a copy of the mount and keep the image in use.
const FILL = 'mount -o loop,nouuid "$1" "$2"; cp -a "$3/." "$2"; umount "$2"';

const fillXfs = async (from: string, into: string): Promise<void> => {
  await must(['mkfs.xfs', '-q', into]);
  const mountPoint = await mkdtemp(`${into}.mnt-`);
  const privately = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', FILL, 'fill'];
  try {
    await must([...privately, into, mountPoint, from], {timeoutMs: COPY_MS});
  } finally {
    await rm(mountPoint, {recursive: true});
  }
};

/** Copies an image file, sharing or leaving out blocks where the file system can. */
export const copyImage = async (from: string, into: string): Promise<void> => {
  await must(['cp', '--reflink=auto', '--sparse=always', from, into], {timeoutMs: COPY_MS});
};

export const blankImage = async (sizeGb: number, into: string): Promise<void> => {
  await must(['truncate', '-s', `${sizeGb}G`, into]);
};

export const imageSizeGb = async (image: string): Promise<number> =>
  Math.max(1, Math.ceil((await stat(image)).size / (1 << 30)));

export const imageFolder = async (dir: string): Promise<string> => {
  const folder = join(dir, 'images');
  await mkdir(folder, {recursive: true});
  return folder;
};
