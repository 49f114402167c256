import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../../../core/reason.ts';
import {tellWhileWaiting} from '../../../host/blocker.ts';
import {type Device, findDevice} from '../../../host/mount/devices.ts';
import type {Context} from './context.ts';
import {pauses} from './observe.ts';

interface Awaited {
  readonly volume: string;
  readonly name: string | null;
}

/**
 * Waits for the block device of a volume that is being attached, null when it is not there in time. Looks at the kernel
 * often, which costs nothing, and asks EC2 for its confirmation when the device is there.
 */
export const waitForDevice = async (
  context: Context,
  awaited: Awaited,
  signal: AbortSignal,
): Promise<Device | null> => {
  const {volume} = awaited;
  const cause = (seconds: number) => reason('volume.stuck', {volume, state: 'attaching', seconds});
  const waiting = {user: `attaching ${volume}`, reportBlocker: context.reportBlocker, cause};
  return tellWhileWaiting(waiting, () => look(context, awaited, signal), signal);
};

const look = async (
  {ec2, identity, pace}: Context,
  {volume, name}: Awaited,
  signal: AbortSignal,
): Promise<Device | null> => {
  const began = performance.now();
  const asking = pauses(pace);
  let askAt = 0;
  while (performance.now() - began <= pace.stuckMs) {
    const device = await findDevice({volume, name});
    if (device && performance.now() >= askAt) {
      const attachment = (await ec2.volume(volume, signal))?.attachment;
      if (attachment?.instance === identity.instance && attachment.state === 'attached') return device;
      askAt = performance.now() + asking.next().value;
    }
    await sleep(pace.localMs, undefined, {signal});
  }
  return null;
};
