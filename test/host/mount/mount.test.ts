import {createHash} from 'node:crypto';
import {existsSync} from 'node:fs';
import {open, readFile, realpath} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {directMounts, mountVolume, unmountVolume} from '../../../agent/host/mount/mount.ts';
import {mountedAt} from '../../../agent/host/mount/table.ts';
import {mountOptions} from '../../../agent/install/ebs/slot-mount.ts';
import {must} from '../../lab/run.ts';
import {unmet} from '../../support/needs.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {dirtyImage, loopDevice, mountPoint} from './world.ts';

const skip = unmet('root', 'debian', 'loop');
const signal = new AbortController().signal;
const mounts = directMounts();
const timeoutMs = 10_000;

const hash = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

for (const filesystem of ['ext4', 'xfs'] as const)
  t.test(`a dirty ${filesystem} journal is played back, on our own volume only`, {skip}, async t => {
    const dir = await realpath(await temporaryFolder(t));
    const image = await dirtyImage(t, {dir, filesystem});
    if (filesystem === 'ext4') t.match(await must(['dumpe2fs', '-h', image]), /needs_recovery/);
    const before = await hash(image);
    const directory = await mountPoint(t, dir, 'slot');
    const device = await loopDevice(t, image);
    const options = mountOptions(filesystem);
    await mountVolume(mounts, {device, directory, filesystem, options, timeoutMs}, signal);
    t.ok(existsSync(join(directory, 'committed')), 'what was committed is there');
    t.ok((await mountedAt(directory))?.readOnly);
    await unmountVolume(mounts, {directory, timeoutMs}, signal);
    t.equal(await mountedAt(directory), null);
    await must(['blockdev', '--flushbufs', device]);
    t.not(await hash(image), before, 'the journal was played back into the volume');
  });

t.test('an xfs volume whose UUID is mounted already is mounted beside it', {skip}, async t => {
  const dir = await realpath(await temporaryFolder(t));
  const image = await dirtyImage(t, {dir, filesystem: 'xfs'});
  const twin = join(dir, 'twin.img');
  await must(['cp', image, twin]);
  const [one, two] = [await mountPoint(t, dir, 'one'), await mountPoint(t, dir, 'two')];
  const options = mountOptions('xfs');
  const without = options.filter(each => each !== 'nouuid');
  await must(['mount', '-o', 'ro', await loopDevice(t, image), one]);
  const request = {device: await loopDevice(t, twin), directory: two, filesystem: 'xfs', timeoutMs};
  const refused = await mountVolume(mounts, {...request, options: without}, signal).catch(reasonOf);
  t.equal(refused?.kind, 'mount.failed', 'the kernel refuses it without nouuid');
  await mountVolume(mounts, {...request, options}, signal);
  t.ok(existsSync(join(two, 'committed')));
});

t.test('a device without the file system it should have is a reason that names both', {skip}, async t => {
  const dir = await realpath(await temporaryFolder(t));
  const image = join(dir, 'empty.img');
  await must(['truncate', '-s', '16M', image]);
  const device = await loopDevice(t, image);
  const directory = join(dir, 'slot');
  const why = await mountVolume(
    mounts,
    {device, directory, filesystem: 'ext4', options: ['ro'], timeoutMs},
    signal,
  ).catch(reasonOf);
  t.equal(why?.kind, 'mount.failed');
  t.match(why?.details, {device, directory, cause: /wrong fs type|bad superblock/});
});

t.test('a mount in use stays mounted, and is never hidden by a lazy unmount', {skip}, async t => {
  const dir = await realpath(await temporaryFolder(t));
  const image = await dirtyImage(t, {dir, filesystem: 'ext4'});
  const directory = await mountPoint(t, dir, 'slot with a space');
  const request = {
    device: await loopDevice(t, image),
    directory,
    filesystem: 'ext4',
    options: ['ro'],
    timeoutMs,
  };
  await mountVolume(mounts, request, signal);
  const held = await open(join(directory, 'committed'));
  t.equal((await unmountVolume(mounts, {directory, timeoutMs}, signal).catch(reasonOf))?.kind, 'mount.busy');
  t.ok(await mountedAt(directory));
  await held.close();
  await unmountVolume(mounts, {directory, timeoutMs}, signal);
  await unmountVolume(mounts, {directory, timeoutMs}, signal);
  t.equal(await mountedAt(directory), null);
});
