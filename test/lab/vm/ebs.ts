import {stat} from 'node:fs/promises';
import type {Guest} from './guest.ts';
import {field, type Json, list, type Rpc} from './rpc.ts';

/** An EBS volume: its id and the file or block device with its content. */
export interface Volume {
  readonly volumeId: string;
  readonly imageFile: string;
}

/** A volume in one of the machine's hot-plug slots, as QEMU is told: on its command line or over QMP. */
export interface Attachment extends Volume {
  readonly port: string;
  readonly blockdev: {readonly [key: string]: Json};
  readonly device: {readonly [key: string]: Json};
}

/** The machine's hot-plug slots: as many volumes can be attached at once. */
export const PORTS = ['rp1', 'rp2', 'rp3', 'rp4', 'rp5', 'rp6', 'rp7', 'rp8'] as const;

/**
 * What QEMU needs to know of a volume in a slot. As on Nitro the NVMe serial is the volume id without its dash; QEMU's
 * model text cannot be set, so there is no "Amazon Elastic Block Store". What the guest wrote to the drive is in the
 * image at once and stays, flushed or not, as on EBS; what only the guest's page cache holds is lost in a power cut.
 */
export const attachment = async ({volumeId, imageFile}: Volume, port: string): Promise<Attachment> => {
  if (!/^vol-[0-9a-f]{8,17}$/.test(volumeId))
    throw new Error(`volume id: expected vol- and 8 to 17 hex digits, got ${JSON.stringify(volumeId)}`);
  const driver = (await stat(imageFile)).isBlockDevice() ? 'host_device' : 'file';
  return {
    volumeId,
    imageFile,
    port,
    blockdev: {
      driver: 'raw',
      'node-name': volumeId,
      file: {driver, filename: imageFile, aio: 'threads', cache: {direct: false, 'no-flush': false}},
    },
    device: {
      driver: 'nvme',
      id: deviceId(volumeId),
      drive: volumeId,
      serial: volumeId.replace('-', ''),
      bus: port,
    },
  };
};

/** Plugs the volume in; the guest sees it about a second later. */
export const plug = async (qmp: Rpc, {blockdev, device, volumeId}: Attachment): Promise<void> => {
  await qmp.call('blockdev-add', blockdev);
  try {
    await qmp.call('device_add', device);
  } catch (error) {
    await qmp.call('blockdev-del', {'node-name': volumeId});
    throw error;
  }
};

/** Unplugs the volume and waits until the guest let go of it; mounted or not, as a forced detachment. */
export const unplug = async (
  qmp: Rpc,
  volumeId: string,
  {timeoutMs}: {readonly timeoutMs: number},
): Promise<void> => {
  const device = deviceId(volumeId);
  const deleted = qmp.event('DEVICE_DELETED', data => field(data, 'device') === device, timeoutMs);
  await Promise.all([deleted, qmp.call('device_del', {id: device})]);
  await qmp.call('blockdev-del', {'node-name': volumeId});
};

/** Whether the guest has the volume, or a partition of it, mounted somewhere. */
export const isMounted = async (guest: Guest, volumeId: string): Promise<boolean> => {
  const listed = JSON.parse(await guest.must(['lsblk', '--json', '--output', 'SERIAL,MOUNTPOINTS'])) as Json;
  const disks = list(field(listed, 'blockdevices'));
  const disk = disks.find(each => field(each, 'serial') === volumeId.replace('-', ''));
  const parts = [disk, ...list(field(disk, 'children'))];
  return parts.some(part => list(field(part, 'mountpoints')).some(point => point !== null));
};

const deviceId = (volumeId: string): string => `nvme-${volumeId}`;
