import {mkdir, realpath} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {tellWhileWaiting} from '../../host/blocker.ts';
import type {Device} from '../../host/mount/devices.ts';
import {mountVolume, unmountVolume} from '../../host/mount/mount.ts';
import {mountedAt} from '../../host/mount/table.ts';
import type {Context} from './volume/context.ts';

/**
 * A snapshot taken of a mounted file system carries a journal that was not played back. `ro` alone lets the kernel play it
 * back, which writes to the volume: wanted, because the volume is this slot's private copy and the release is consistent
 * only afterwards; `noload`/`norecovery` would show files half written. No fsck: a file system that needs more than its
 * journal is a bad release, and repairing it here would make hosts differ.
 */
const OPTIONS = ['ro', 'nodev', 'nosuid', 'noatime'];

/** Two releases of one lineage share their UUID, and XFS refuses the second one unless told not to look. */
export const mountOptions = (filesystem: 'ext4' | 'xfs'): readonly string[] =>
  filesystem === 'xfs' ? [...OPTIONS, 'nouuid'] : OPTIONS;

/** Makes the device appear in the slot's folder. Done when it is there already; what else is mounted there is taken away first. */
export const mountSlot = async (
  {mounts, settings, pace, reportBlocker}: Context,
  {directory, device}: {readonly directory: string; readonly device: Device},
  signal: AbortSignal,
): Promise<void> => {
  const place = await realDirectory(directory);
  const before = await mountedAt(place);
  if (before?.number === device.number) return;
  // a mount left by a device that vanished: in use it stays, and the stage fails with `mount.busy`
  if (before) await unmountVolume(mounts, {directory: place, timeoutMs: pace.unmountMs}, signal);
  const options = mountOptions(settings.filesystem);
  const request = {device: device.path, directory: place, filesystem: settings.filesystem, options};
  const cause = (seconds: number) => reason('mount.slow', {device: device.path, directory: place, seconds});
  await tellWhileWaiting(
    {user: `mounting ${place}`, reportBlocker, cause},
    () => mountVolume(mounts, {...request, timeoutMs: pace.mountMs}, signal),
    signal,
  );
  const after = await mountedAt(place);
  if (after?.number === device.number && after.readOnly) return;
  const found = `${after?.source ?? 'nothing'} is mounted there instead`;
  const {filesystem} = settings;
  throw new ReasonError(
    reason('mount.failed', {device: device.path, directory: place, filesystem, cause: found}),
  );
};

/** The folder without symlinks, as the mount table names it. Touches the folder above only: the slot itself may hang. */
export const realDirectory = async (directory: string): Promise<string> => {
  await mkdir(dirname(directory), {recursive: true});
  return join(await realpath(dirname(directory)), basename(directory));
};
