import {dirname, join} from 'node:path';
import type {EbsSettings} from '../../config/settings.ts';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {releaseId} from '../../core/release.ts';
import {ignoreBlockers} from '../../host/blocker.ts';
import type {Ec2} from '../../host/ec2/ec2.ts';
import {createExclusive} from '../../host/exclusive.ts';
import {findDevice} from '../../host/mount/devices.ts';
import type {Mounts} from '../../host/mount/mounts.ts';
import {unlessReason, withTimeLimit} from '../../host/time-limit.ts';
import type {Identity, Installer, Log, ReportBlocker, Slot} from '../../ports.ts';
import {firstReads, warm} from './first-reads.ts';
import {pruneSlots} from './prune.ts';
import {mountSlot, realDirectory} from './slot-mount.ts';
import {checkSnapshot} from './snapshot.ts';
import {ensureAttached} from './volume/attach.ts';
import type {Context} from './volume/context.ts';
import {createDeviceNames} from './volume/names.ts';
import {PACE, type Pace} from './volume/pace.ts';
import {createRecords, type VolumeRecord} from './volume/record.ts';
import {ensureVolume} from './volume/volume.ts';

export interface EbsInstallerOptions {
  readonly settings: EbsSettings;
  readonly stateDir: string;
  readonly identity: Identity;
  readonly app: string;
  readonly ec2: Ec2;
  readonly mounts: Mounts;
  readonly log: Log;
  /** told what keeps a stage waiting */
  readonly reportBlocker?: ReportBlocker;
  readonly pace?: Partial<Pace>;
}

/**
 * Installs EBS snapshots: a volume per slot, attached and mounted read-only. A slot that is complete needs no EC2 call while
 * its device is there, so a rollback works with EC2 cut off; it also never waits behind a stage or prune that does.
 */
export const ebsInstaller = (options: EbsInstallerOptions): Installer => {
  const context = createContext(options);
  const {settings, pace} = context;
  const exclusive = createExclusive();
  return {
    stage: async (slot, signal) => {
      const began = performance.now();
      const limit = {
        timeoutMs: settings.timeoutMs,
        late: unlessReason(reason('stage.timeout', {seconds: settings.timeoutMs / 1000})),
      };
      const work = async (bounded: AbortSignal): Promise<boolean> => {
        if (await mountAgain(context, slot, bounded)) return false;
        await exclusive(() => prepare(context, slot, bounded), bounded);
        return true;
      };
      const isNew = await withTimeLimit(limit, work, signal);
      const timeoutMs = settings.prewarm.untilMs - (performance.now() - began);
      if (isNew) await warm(context, {slot, stateDir: options.stateDir, timeoutMs}, signal);
    },
    firstReads: firstReads(context.records),
    prune: async (keep, signal) => {
      const slots = dirname(await realDirectory(join(options.stateDir, 'slots', 'any')));
      const pruning = {keep: new Set(keep.map(each => each.slot)), slots};
      const limit = {
        timeoutMs: pace.pruneMs,
        late: unlessReason(reason('prune.timeout', {seconds: pace.pruneMs / 1000})),
      };
      const work = (bounded: AbortSignal) => exclusive(() => pruneSlots(context, pruning, bounded), bounded);
      await withTimeLimit(limit, work, signal);
    },
  };
};

const createContext = ({
  stateDir,
  pace,
  reportBlocker = ignoreBlockers,
  ...given
}: EbsInstallerOptions): Context => {
  const folder = join(stateDir, 'ebs');
  const {instance} = given.identity;
  return {
    ...given,
    reportBlocker,
    pace: {...PACE, ...pace},
    records: createRecords({folder, instance, log: given.log}),
    names: createDeviceNames({path: join(folder, 'names.json'), instance}),
  };
};

/** The way of a reboot or a rollback: true when the slot was complete and its device is here, without asking EC2. */
const mountAgain = async (context: Context, slot: Slot, signal: AbortSignal): Promise<boolean> => {
  const record = await context.records.read(slot.slot);
  if (
    !record?.complete ||
    record.removing ||
    record.volume === null ||
    record.snapshot !== releaseId(slot.release)
  )
    return false;
  const device = await findDevice({volume: record.volume, name: record.device});
  if (device === null) return false;
  await mountSlot(context, {directory: slot.directory, device}, signal);
  return true;
};

const prepare = async (context: Context, slot: Slot, signal: AbortSignal): Promise<void> => {
  const begun = await begin(context, slot);
  if (begun.volume === null) await checkSnapshot(context, begun.snapshot, signal);
  const made = await ensureVolume(context, begun, signal);
  const {record, device} = await ensureAttached(context, made, signal);
  await mountSlot(context, {directory: slot.directory, device}, signal);
  await context.records.write({...record, complete: true});
  context.log.info('a slot is staged', {slot: slot.slot, volume: record.volume, device: device.path});
};

/** The record of an interrupted run, or a new one, written before anything happens outside. */
const begin = async ({records, identity}: Context, {slot, release}: Slot): Promise<VolumeRecord> => {
  if (release.kind !== 'ebs')
    throw new ReasonError(
      reason('release.kind-not-configured', {kind: release.kind, section: 'install.ebs'}),
    );
  const {snapshot} = release;
  const left = await records.read(slot);
  if (left && left.snapshot !== snapshot)
    throw new ReasonError(
      reason('state.unknown', {
        detail: `the slot ${slot} was begun for ${left.snapshot}, not for ${snapshot}`,
      }),
    );
  const fresh = {
    format: 1,
    instance: identity.instance,
    slot,
    snapshot,
    attempt: 1,
    volume: null,
    device: null,
  } as const;
  return records.write(left ? {...left, removing: false} : {...fresh, complete: false, removing: false});
};
