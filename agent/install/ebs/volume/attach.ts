import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {refusalCode, refusalText} from '../../../host/ec2/error.ts';
import type {VolumeFacts} from '../../../host/ec2/facts.ts';
import type {Device} from '../../../host/mount/devices.ts';
import {waitForDevice} from './appear.ts';
import type {Context} from './context.ts';
import {detach} from './detach.ts';
import {observeVolume, pauses} from './observe.ts';
import type {VolumeRecord} from './record.ts';
import type {Made} from './volume.ts';

export interface Attached {
  readonly record: VolumeRecord;
  readonly device: Device;
}

/** Refusals that only say that EC2 sees the volume otherwise than we do: look again. */
const LOOK_AGAIN = new Set(['IncorrectState', 'VolumeInUse', 'InvalidVolume.NotFound']);
const ARRIVING = new Set(['attaching', 'attached']);
const ROUNDS = 6;
const STUCK_LIMIT = 2;
const NAME_TRIES = 20;

/**
 * Attaches the volume to this instance, or finds that it is, and gives its block device. A volume that stays `attaching` is
 * detached and tried under another name once. Throws `volume.stuck`, `volume.busy`, `volume.gone`, `volume.zone`,
 * `volume.attachment-limit`, `volume.device-names`, or EC2's own refusal of a volume that is free.
 */
export const ensureAttached = async (
  context: Context,
  {record, facts}: Made,
  signal: AbortSignal,
): Promise<Attached> => {
  let known: VolumeRecord = record;
  let seen = facts;
  let stuck = 0;
  let refusal: unknown;
  const between = pauses(context.pace);
  for (let round = 0; round < ROUNDS; round++) {
    requireOurs(context, seen);
    if (seen.attachment === null) {
      const asked = await ask(context, known, record.volume, signal);
      known = asked.record;
      if (asked.refusal !== null) {
        ({refusal} = asked);
        // EC2 may mean the instance, which is not running yet: then the volume is free at once, and asking again is too early
        await sleep(between.next().value, undefined, {signal});
        seen = await settle(context, record.volume, signal);
        continue;
      }
    } else if (!ARRIVING.has(seen.attachment.state)) {
      seen = await settle(context, record.volume, signal);
      continue;
    } else if (seen.attachment.device !== known.device)
      known = await context.records.write({...known, device: seen.attachment.device});
    const device = await waitForDevice(context, {volume: record.volume, name: known.device}, signal);
    if (device) return {record: known, device};
    stuck += 1;
    seen = await takeBack(
      context,
      {record: known, volume: record.volume, last: stuck >= STUCK_LIMIT},
      signal,
    );
  }
  // a volume that is free is not what EC2 objects to
  if (refusal !== undefined && isFree(seen)) throw refusal;
  throw new ReasonError(
    reason('volume.busy', {volume: record.volume, state: seen.attachment?.state ?? seen.state}),
  );
};

const isFree = ({state, attachment}: VolumeFacts): boolean => state === 'available' && attachment === null;

const requireOurs = ({identity}: Context, {id, state, attachment}: VolumeFacts): void => {
  if (attachment !== null && attachment.instance !== identity.instance)
    throw new ReasonError(reason('volume.busy', {volume: id, state: `attached to ${attachment.instance}`}));
  if (attachment === null && state !== 'available' && state !== 'in-use')
    throw new ReasonError(reason('volume.gone', {volume: id}));
};

/** Calls AttachVolume under one free name after another; `refusal` when EC2 does not see the volume as free (yet), or the instance as running. */
const ask = async (
  context: Context,
  record: VolumeRecord,
  volume: string,
  signal: AbortSignal,
): Promise<{readonly record: VolumeRecord; readonly refusal: unknown}> => {
  const {ec2, names, identity, records, log} = context;
  const others = (await records.list()).filter(each => each.slot !== record.slot);
  const avoid = others.flatMap(each => (each.device === null ? [] : [each.device]));
  let named = record;
  for (let tries = 0; tries < NAME_TRIES; tries++) {
    const device = await names.next(avoid);
    named = await records.write({...named, device});
    try {
      await ec2.attachVolume({volume, instance: identity.instance, device}, signal);
      return {record: named, refusal: null};
    } catch (error) {
      if (LOOK_AGAIN.has(refusalCode(error) ?? '')) return {record: named, refusal: error};
      if (!nameIsTaken(error)) throw explained(context, volume, error);
      log.info('a device name is in use and will not be tried again', {device});
      await names.forbid(device);
    }
  }
  throw new ReasonError(reason('volume.device-names', {tried: NAME_TRIES}));
};

/** EC2 has no code of its own for it (aws-ebs-csi-driver, AttachDisk). */
const nameIsTaken = (error: unknown): boolean =>
  refusalCode(error) === 'InvalidParameterValue' && refusalText(error).includes('already in use');

const explained = ({identity}: Context, volume: string, error: unknown): unknown => {
  switch (refusalCode(error)) {
    case 'AttachmentLimitExceeded':
      return new ReasonError(
        reason('volume.attachment-limit', {instance: identity.instance, cause: refusalText(error)}),
      );
    case 'InvalidVolume.ZoneMismatch':
      return new ReasonError(reason('volume.zone', {volume, zone: identity.zone}));
    default:
      return error;
  }
};

/** Waits until EC2's view is one we can act on: the volume free, or attached to some instance. */
const settle = async (context: Context, volume: string, signal: AbortSignal): Promise<VolumeFacts> => {
  const {pace} = context;
  const until = ({state, attachment}: VolumeFacts) =>
    attachment ? ARRIVING.has(attachment.state) : state === 'available';
  const seen = await observeVolume(context, {volume, timeoutMs: pace.detachMs, until}, signal);
  if (seen.kind === 'reached') return seen.facts;
  if (seen.kind === 'gone') throw new ReasonError(reason('volume.gone', {volume}));
  throw new ReasonError(reason('volume.busy', {volume, state: seen.state}));
};

/** Detaches a volume that got stuck, forbids its name, and gives the free volume. The last time it also gives up. */
const takeBack = async (
  context: Context,
  {record, volume, last}: {record: VolumeRecord; volume: string; last: boolean},
  signal: AbortSignal,
): Promise<VolumeFacts> => {
  context.log.warning('an attachment is stuck and is taken back', {volume, device: record.device});
  if (record.device !== null) await context.names.forbid(record.device);
  const facts = await detach(context, volume, signal);
  if (!last) return facts;
  const seconds = context.pace.stuckMs / 1000;
  throw new ReasonError(reason('volume.stuck', {volume, state: 'attaching', seconds}));
};
