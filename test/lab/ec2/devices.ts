import {closeSync, constants, existsSync, openSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {must} from '../run.ts';
import {type ColdImage, serveCold} from './cold.ts';

export type Node = {readonly loop: string; readonly device: string; readonly instanceId: string};

/** How attached volumes become block devices. */
export type Devices = {
  /** True when the machine itself has something under this name, as a device mapped in the AMI would be. */
  readonly isTaken: (where: {device: string; instanceId: string}) => boolean;
  /** Connects an image file; gives the kernel's device, undefined where there are no devices. The first read of a block may take a while. */
  readonly connect: (image: string, coldMsPerBlock?: number) => Promise<string | undefined>;
  /** Frees the kernel's device; false when a file system on it is still mounted. Forced, the kernel frees it after the last use. */
  readonly disconnect: (loop: string, how: {force: boolean}) => Promise<boolean>;
  /** Makes and removes the name the instance sees. Nothing happens while the instance is not running. */
  readonly makeNode: (node: Node) => Promise<void>;
  readonly removeNode: (node: Node) => Promise<void>;
};

/** For tests that look at API calls only. */
export const noDevices: Devices = {
  isTaken: () => false,
  connect: async () => undefined,
  disconnect: async () => true,
  makeNode: async () => {},
  removeNode: async () => {},
};

/**
 * Loop devices, named inside the instance. `rootOf` gives an instance's root folder (`/proc/PID/root`, or `/` for the host itself),
 * undefined while it does not run; `onConnect` and `onDisconnect` let the caller remember what must be freed after a crash.
 */
export const loopDevices = (options: {
  rootOf: (instanceId: string) => string | undefined;
  onConnect?: (loop: string, image: string) => void;
  onDisconnect?: (loop: string) => void;
}): Devices => {
  const pathOf = ({device, instanceId}: {device: string; instanceId: string}) => {
    const root = options.rootOf(instanceId);
    return root === undefined ? undefined : join(root, device);
  };
  const served = new Map<string, ColdImage>();
  return {
    isTaken: where => existsSync(pathOf(where) ?? '/nowhere'),
    connect: async (image, coldMsPerBlock = 0) => {
      const cold = coldMsPerBlock > 0 ? await serveCold(image, coldMsPerBlock) : null;
      const loop = cold ? await cold.connect() : (await must(['losetup', '--find', '--show', image])).trim();
      if (cold) served.set(loop, cold);
      options.onConnect?.(loop, image);
      return loop;
    },
    disconnect: async (loop, {force}) => {
      if (!force && isClaimed(loop)) return false;
      await must(['losetup', '--detach', loop]);
      await served.get(loop)?.stop();
      served.delete(loop);
      options.onDisconnect?.(loop);
      return true;
    },
    makeNode: async node => {
      const path = pathOf(node);
      if (path === undefined || existsSync(path)) return;
      await must(['mknod', '-m', '660', path, 'b', '7', node.loop.replace(/\D+/, '')]);
    },
    removeNode: async node => {
      const path = pathOf(node);
      if (path !== undefined) await rm(path, {force: true});
    },
  };
};

/** Whether a file system (in whatever mount namespace) holds the device: open(2) with O_EXCL says EBUSY for a claimed block device. */
const isClaimed = (loop: string): boolean => {
  try {
    closeSync(openSync(loop, constants.O_RDONLY | constants.O_EXCL));
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EBUSY') return true;
    throw error;
  }
};
