import {lstat, readdir, readFile, realpath} from 'node:fs/promises';
import {basename, join} from 'node:path';

/** Where the kernel shows block devices; another root for tests. */
export interface DeviceRoots {
  readonly sys: string;
  readonly dev: string;
}

export interface Device {
  readonly path: string;
  /** `major:minor`, as the mount table writes it */
  readonly number: string;
}

const ROOTS: DeviceRoots = {sys: '/sys', dev: '/dev'};
const NVME = /^nvme\d+n\d+$/;
const VOLUME_SERIAL = /^vol[0-9a-f]{8,17}$/;

/**
 * The block device of an EBS volume, null while the kernel does not show it. On Nitro it is the NVMe device whose serial is
 * the volume's id without its dash (EC2 guide, "Identify the EBS device"); elsewhere (Xen) the device of the name that AttachVolume got.
 */
export const findDevice = async (
  {volume, name}: {volume: string; name: string | null},
  roots: DeviceRoots = ROOTS,
): Promise<Device | null> => {
  const wanted = volume.replace('-', '');
  for (const [disk, serial] of await nvmeSerials(roots))
    if (serial === wanted) return blockDevice(join(roots.dev, disk));
  if (name === null || !name.startsWith('/dev/')) return null;
  return namedDevice(join(roots.dev, name.slice('/dev/'.length)), roots);
};

/** True when the machine has something of this name (`/dev/xvdba`): EC2 does not know devices mapped in the image. */
export const nameExists = async (name: string, roots: DeviceRoots = ROOTS): Promise<boolean> =>
  (await lstat(join(roots.dev, basename(name))).catch(() => null)) !== null;

/** NVMe disks and their serials. /sys/block has the disk itself also where the kernel adds a multipath layer. */
const nvmeSerials = async ({sys}: DeviceRoots): Promise<readonly (readonly [string, string])[]> => {
  const disks = (await readdir(join(sys, 'block')).catch(() => [])).filter(each => NVME.test(each));
  return Promise.all(disks.map(async disk => [disk, await serialOf(join(sys, 'block', disk))] as const));
};

const serialOf = async (disk: string): Promise<string> =>
  (await readFile(join(disk, 'device', 'serial'), 'utf8').catch(() => '')).trim();

/** A link that udev left may point at another volume: one that shows an EBS serial is not ours, or it had been found by it. */
const namedDevice = async (path: string, roots: DeviceRoots): Promise<Device | null> => {
  const target = await realpath(path).catch(() => null);
  if (target === null) return null;
  if (VOLUME_SERIAL.test(await serialOf(join(roots.sys, 'block', basename(target))))) return null;
  return blockDevice(target);
};

const blockDevice = async (path: string): Promise<Device | null> => {
  const found = await lstat(path).catch(() => null);
  if (!found?.isBlockDevice()) return null;
  return {path, number: `${major(found.rdev)}:${minor(found.rdev)}`};
};

// makedev(3) as glibc packs it
const major = (rdev: number): number =>
  Number(((BigInt(rdev) >> 8n) & 0xfffn) | ((BigInt(rdev) >> 32n) & 0xfffff000n));
const minor = (rdev: number): number =>
  Number((BigInt(rdev) & 0xffn) | ((BigInt(rdev) >> 12n) & 0xffffff00n));
