import {existsSync} from 'node:fs';
import {reason, reasonText} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import {directMounts} from './direct.ts';
import type {MountRequest, Mounts, UnmountRequest} from './mounts.ts';
import {systemdMounts} from './systemd.ts';
import {mountedAt} from './table.ts';

export {directMounts, systemdMounts};

/** Mounts through PID 1 where it is systemd (sd_booted(3) looks for the same folder), else directly. */
export const mountsHere = (): Mounts =>
  existsSync('/run/systemd/system') ? systemdMounts() : directMounts();

/** Mounts and believes the kernel's table alone. Throws `mount.failed`. */
export const mountVolume = async (
  mounts: Mounts,
  request: MountRequest,
  signal: AbortSignal,
): Promise<void> => {
  const {device, directory, filesystem} = request;
  const cause = await outcome(mounts.mount(request, signal), signal);
  if (await mountedAt(directory)) return;
  throw new ReasonError(
    reason('mount.failed', {
      device,
      directory,
      filesystem,
      cause: cause ?? 'nothing is mounted there',
    }),
  );
};

/**
 * Unmounts, never lazily: a lazy unmount hides open files, and detaching the volume under them loses data. Done when nothing
 * is mounted. Throws `mount.busy`. (`systemctl stop` reports success for a mount that stayed: only the table counts.)
 */
export const unmountVolume = async (
  mounts: Mounts,
  request: UnmountRequest,
  signal: AbortSignal,
): Promise<void> => {
  const {directory} = request;
  if ((await mountedAt(directory)) === null) return;
  const cause = await outcome(mounts.unmount(request, signal), signal);
  if ((await mountedAt(directory)) === null) return;
  const holders = await mounts.holders(directory, signal);
  const why = [cause ?? 'it stays mounted', holders].filter(Boolean).join('; ');
  throw new ReasonError(reason('mount.busy', {directory, cause: why}));
};

/** The text of a failure, null for success; an abort is passed on. */
const outcome = async (work: Promise<void>, signal: AbortSignal): Promise<string | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return reasonText(reasonOf(error));
  }
};
