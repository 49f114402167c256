import {type Attachment, attachment, isMounted, PORTS, plug, unplug} from './ebs.ts';
import type {Power} from './power.ts';

/** The volumes of one machine. They stay attached while it has no power, as an instance's do while it reboots. */
export interface Volumes {
  attached(): readonly Attachment[];
  /** Hot-plugs a volume; `imageFile` is a raw image or a block device. */
  attach(volumeId: string, imageFile: string): Promise<void>;
  /** Unplugs a volume and waits until the guest let go of it; past the deadline (30 s) an error, and still attached. */
  detach(volumeId: string, options?: {readonly timeoutMs?: number}): Promise<void>;
  /** Whether something in the machine has the volume mounted; EC2 calls its detachment "busy" then. */
  isMounted(volumeId: string): Promise<boolean>;
}

export const createVolumes = (name: string, power: () => Power | undefined): Volumes => {
  const volumes = new Map<string, Attachment>();
  return {
    attached: () => [...volumes.values()],
    attach: async (volumeId, imageFile) => {
      if (volumes.has(volumeId)) throw new Error(`${volumeId} is attached to ${name} already`);
      const taken = new Set([...volumes.values()].map(({port}) => port));
      const port = PORTS.find(each => !taken.has(each));
      if (port === undefined) throw new Error(`all ${PORTS.length} volume slots of ${name} are taken`);
      const volume = await attachment({volumeId, imageFile}, port);
      volumes.set(volumeId, volume);
      const on = power();
      if (on === undefined) return;
      await plug(on.qmp, volume).catch(error => {
        volumes.delete(volumeId);
        throw error;
      });
    },
    detach: async (volumeId, {timeoutMs = 30_000} = {}) => {
      if (!volumes.has(volumeId)) throw new Error(`${volumeId} is not attached to ${name}`);
      const on = power();
      if (on !== undefined) await unplug(on.qmp, volumeId, {timeoutMs});
      volumes.delete(volumeId);
    },
    isMounted: async volumeId => {
      const on = power();
      return on !== undefined && (await isMounted(on.guest, volumeId));
    },
  };
};
