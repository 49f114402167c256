import {compact} from '../../../config/compact.ts';
import {reason, reasonText} from '../../../core/reason.ts';
import {ReasonError, reasonOf} from '../../../core/reason-error.ts';
import {refusalCode, refusalText} from '../../../host/ec2/error.ts';
import type {VolumeFacts} from '../../../host/ec2/facts.ts';
import type {NewVolume} from '../../../host/ec2/requests.ts';
import type {Context} from './context.ts';
import {fillingOf} from './filling.ts';
import {observeVolume} from './observe.ts';
import type {VolumeRecord} from './record.ts';
import {volumeTags} from './tags.ts';
import {clientToken} from './token.ts';

export interface Made {
  readonly record: VolumeRecord & {readonly volume: string};
  readonly facts: VolumeFacts;
}

const TRIES = 3;

/**
 * Gives the slot's volume, made or found again, ready to be attached (or attached). A volume that EC2 could not finish is
 * deleted and another one made, three times at most. Throws `volume.error`, `volume.limit` or `snapshot.*`.
 */
export const ensureVolume = async (
  context: Context,
  begun: VolumeRecord,
  signal: AbortSignal,
): Promise<Made> => {
  let record = begun;
  for (let tries = 0; tries < TRIES; tries++) {
    if (record.volume === null) record = await create(context, record, signal);
    if (!hasVolume(record)) continue;
    const seen = await observeVolume(
      context,
      {volume: record.volume, timeoutMs: context.pace.creatingMs, until: ({state}) => state !== 'creating'},
      signal,
    );
    if (seen.kind === 'reached' && isUsable(context, seen.facts)) return {record, facts: seen.facts};
    const found = seen.kind === 'reached' ? seen.facts.state : seen.kind;
    context.log.warning('a volume is given up and another one made', {volume: record.volume, found});
    record = await giveUp(context, record, signal);
  }
  throw new ReasonError(reason('volume.error', {snapshot: begun.snapshot, tries: TRIES}));
};

const hasVolume = (record: VolumeRecord): record is VolumeRecord & {volume: string} => record.volume !== null;

const isUsable = ({identity}: Context, {state, zone, attachment}: VolumeFacts): boolean =>
  zone === identity.zone &&
  (state === 'available' || (state === 'in-use' && attachment?.instance === identity.instance));

/** What CreateVolume is asked for. */
export const newVolume = (
  {settings, identity, app}: Pick<Context, 'settings' | 'identity' | 'app'>,
  record: Pick<VolumeRecord, 'instance' | 'slot' | 'snapshot' | 'attempt'>,
): NewVolume => {
  const {volumeType, iops, throughput, encrypted, kmsKey, initializationRate} = settings;
  return {
    snapshot: record.snapshot,
    zone: identity.zone,
    type: volumeType,
    // the agent's own win: by them volumes are found again
    tags: {...settings.tags, ...volumeTags({app, identity}, record)},
    token: clientToken(record),
    encrypted,
    ...compact({iops, throughput, kmsKey, initializationRate}),
  };
};

/** The record with the volume of its attempt; without one when its token was used up with other parameters. */
const create = async (context: Context, record: VolumeRecord, signal: AbortSignal): Promise<VolumeRecord> => {
  const {ec2, records, log} = context;
  try {
    const volume = await ec2.createVolume(newVolume(context, record), signal);
    const made = await records.write({...record, volume});
    const filled = await fillingOf(context, record.snapshot, signal);
    const {slot, snapshot} = record;
    log.info('a volume is made', {slot, volume, snapshot, filled: filled.words});
    return filled.cold ? await records.write({...made, cold: true}) : made;
  } catch (error) {
    return whenRefused(context, record, error, signal);
  }
};

const whenRefused = async (
  context: Context,
  record: VolumeRecord,
  error: unknown,
  signal: AbortSignal,
): Promise<VolumeRecord> => {
  const {snapshot} = record;
  switch (refusalCode(error)) {
    // the settings changed since a crash: the old token belongs to the old ones, prune finds its volume by tag
    case 'IdempotentParameterMismatch':
      return context.records.write({...record, attempt: record.attempt + 1});
    // at the limit EC2 refuses a repeated token although its volume exists (aws-ebs-csi-driver issue 2512)
    case 'VolumeLimitExceeded': {
      const [found] = await context.ec2.volumes(volumeTags(context, record), signal);
      if (found) return context.records.write({...record, volume: found.id});
      throw new ReasonError(reason('volume.limit', {cause: refusalText(error)}));
    }
    case 'InvalidSnapshot.NotFound':
      throw new ReasonError(reason('snapshot.missing', {snapshot, region: context.identity.region}));
    case 'IncorrectState':
      throw new ReasonError(reason('snapshot.state', {snapshot, state: refusalText(error)}));
    default:
      throw error;
  }
};

/** Burns the attempt first, then deletes: after a crash in between, the volume is in no record and prune deletes it. */
const giveUp = async (
  {ec2, records, log}: Context,
  record: VolumeRecord & {readonly volume: string},
  signal: AbortSignal,
): Promise<VolumeRecord> => {
  const next = await records.write({
    ...record,
    attempt: record.attempt + 1,
    volume: null,
    device: null,
    complete: false,
  });
  try {
    await ec2.deleteVolume(record.volume, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.info('a volume is left to the next prune', {
      volume: record.volume,
      cause: reasonText(reasonOf(error)),
    });
  }
  return next;
};
