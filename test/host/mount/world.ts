import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import type {Test} from 'tap';
import {must, run} from '../../lab/run.ts';

/** Connects an image file as a loop device until the end of the test. */
export const loopDevice = async (t: Test, image: string): Promise<string> => {
  const device = (await must(['losetup', '--find', '--show', image])).trim();
  t.teardown(async () => {
    await run(['losetup', '--detach', device]);
  });
  return device;
};

/** A path to mount on, unmounted at the end of the test. */
export const mountPoint = async (t: Test, dir: string, name: string): Promise<string> => {
  const directory = join(dir, name);
  await mkdir(directory, {recursive: true});
  t.teardown(async () => {
    await run(['umount', directory]);
  });
  return directory;
};

/** An image whose file system was copied while it was mounted and written to, as a snapshot of a live volume is. */
export const dirtyImage = async (
  t: Test,
  {dir, filesystem}: {dir: string; filesystem: 'ext4' | 'xfs'},
): Promise<string> => {
  const [live, copy] = [join(dir, 'live.img'), join(dir, 'dirty.img')];
  await must(['truncate', '-s', filesystem === 'xfs' ? '320M' : '32M', live]);
  await must([`mkfs.${filesystem}`, '-q', live]);
  const directory = await mountPoint(t, dir, 'live');
  await must(['mount', await loopDevice(t, live), directory]);
  // fsync puts the new file into the journal; the file system proper learns of it only later
  await must([
    'dd',
    'if=/dev/zero',
    `of=${join(directory, 'committed')}`,
    'bs=4096',
    'count=1',
    'conv=fsync',
    'status=none',
  ]);
  await must(['cp', live, copy]);
  await must(['umount', directory]);
  return copy;
};
