import {basename} from 'node:path';
import type {Devices} from '../ec2/devices.ts';
import type {Vm} from './vm.ts';

/**
 * Volumes of instances that are virtual machines appear as NVMe drives in them; those of all other instances are left to
 * `others`. `vmOf` gives an instance's machine, undefined when it is none. On Nitro the requested device name is in the
 * guest nowhere, so no name is ever taken there.
 */
export const vmDevices = ({
  vmOf,
  others,
}: {
  vmOf: (instanceId: string) => Vm | undefined;
  others: Devices;
}): Devices => {
  const volumeIds = new Map<string, string>();
  const holders = new Map<string, Vm>();
  return {
    isTaken: where => vmOf(where.instanceId) === undefined && others.isTaken(where),
    connect: async (image, coldMsPerBlock) => {
      const loop = await others.connect(image, coldMsPerBlock);
      if (loop !== undefined) volumeIds.set(loop, basename(image, '.img'));
      return loop;
    },
    disconnect: async (loop, {force}) => {
      const [vm, volumeId = ''] = [holders.get(loop), volumeIds.get(loop)];
      if (vm !== undefined) {
        if (!force && (await vm.isMounted(volumeId))) return false;
        await vm.detach(volumeId);
        holders.delete(loop);
      }
      return others.disconnect(loop, {force});
    },
    makeNode: async node => {
      const [vm, volumeId = ''] = [vmOf(node.instanceId), volumeIds.get(node.loop)];
      if (vm === undefined) return others.makeNode(node);
      if (holders.has(node.loop)) return; // it stayed attached over a reboot
      await vm.attach(volumeId, node.loop);
      holders.set(node.loop, vm);
    },
    removeNode: async node => {
      if (vmOf(node.instanceId) === undefined) await others.removeNode(node);
    },
  };
};
