import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {refusalCode} from '../../host/ec2/error.ts';
import type {VolumeFacts} from '../../host/ec2/facts.ts';
import {findDevice} from '../../host/mount/devices.ts';
import {unmountVolume} from '../../host/mount/mount.ts';
import {mountTable} from '../../host/mount/table.ts';
import type {Context} from './volume/context.ts';
import {detach} from './volume/detach.ts';
import {observeVolume} from './volume/observe.ts';

interface Disposal {
  readonly facts: VolumeFacts;
  /** only what is mounted below this folder may be unmounted */
  readonly slots: string;
}

/** Deletes a volume of ours from whatever state it is in. Throws `mount.busy`, `volume.busy` or `volume.stuck`: try again later. */
export const dispose = async (
  context: Context,
  {facts, slots}: Disposal,
  signal: AbortSignal,
): Promise<void> => {
  const {id, attachment} = facts;
  if (facts.state === 'deleting' || facts.state === 'deleted') return;
  if (attachment !== null) {
    await requireUnmounted(context, {facts, slots}, signal);
    await detach(context, id, signal);
  } else if (facts.state === 'creating') await outgrowCreating(context, id, signal);
  await remove(context, id, signal);
};

const requireUnmounted = async (
  context: Context,
  {facts, slots}: Disposal,
  signal: AbortSignal,
): Promise<void> => {
  const {id, attachment} = facts;
  if (attachment?.instance !== context.identity.instance)
    throw new ReasonError(reason('volume.busy', {volume: id, state: `attached to ${attachment?.instance}`}));
  const device = await findDevice({volume: id, name: attachment.device});
  if (device === null) return;
  for (const {number, directory} of await mountTable()) {
    if (number !== device.number) continue;
    if (!directory.startsWith(`${slots}/`))
      throw new ReasonError(
        reason('mount.busy', {directory, cause: `${id} is mounted there, not by the agent`}),
      );
    await unmountVolume(context.mounts, {directory, timeoutMs: context.pace.unmountMs}, signal);
  }
};

const outgrowCreating = async (context: Context, volume: string, signal: AbortSignal): Promise<void> => {
  const {detachMs} = context.pace;
  const until = ({state}: VolumeFacts) => state !== 'creating';
  const seen = await observeVolume(context, {volume, timeoutMs: detachMs, until}, signal);
  if (seen.kind === 'late')
    throw new ReasonError(reason('volume.stuck', {volume, state: 'creating', seconds: detachMs / 1000}));
};

const remove = async ({ec2, log}: Context, volume: string, signal: AbortSignal): Promise<void> => {
  try {
    await ec2.deleteVolume(volume, signal);
    log.info('a volume is deleted', {volume});
  } catch (error) {
    if (refusalCode(error) !== 'InvalidVolume.NotFound') throw error;
  }
};
