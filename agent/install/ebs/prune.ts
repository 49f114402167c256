import {rmdir} from 'node:fs/promises';
import {join} from 'node:path';
import {type Reason, reasonText} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import {unmountVolume} from '../../host/mount/mount.ts';
import {dispose} from './dispose.ts';
import {adoptVolumes} from './volume/adopt.ts';
import type {Context} from './volume/context.ts';
import type {VolumeRecord} from './volume/record.ts';
import {madeFor, ownTags} from './volume/tags.ts';

export interface Pruning {
  /** names of slots */
  readonly keep: ReadonlySet<string>;
  /** where slots are, without symlinks */
  readonly slots: string;
}

/** EC2 itself is the problem: whatever is left would only wait for it once more. */
const HOPELESS: ReadonlySet<Reason['kind']> = new Set(['ec2.unreachable', 'ec2.throttled']);

/**
 * Removes every slot but those kept: unmount, detach, delete, each tried again by the next prune when it fails. Then deletes
 * this instance's volumes that no record knows. Goes on past a failure and throws the first one at the end.
 */
export const pruneSlots = async (context: Context, pruning: Pruning, signal: AbortSignal): Promise<void> => {
  const failures: ReasonError[] = [];
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (failures.some(each => HOPELESS.has(each.reason.kind))) return;
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      const why = reasonOf(error);
      context.log.warning('clean-up is not done and will be tried again', {what, cause: reasonText(why)});
      failures.push(error instanceof ReasonError ? error : new ReasonError(why, {cause: error}));
    }
  };
  await context.records.sweep();
  for (const record of await context.records.list())
    if (!pruning.keep.has(record.slot))
      await attempt(record.slot, () => removeSlot(context, pruning, record, signal));
  await attempt('volumes in no record', () => deleteStrays(context, pruning, attempt, signal));
  const [first] = failures;
  if (first) throw first;
};

/**
 * The record goes last: until then the next prune finds it. `removing` is written when the volume is about to go, no earlier:
 * until then the slot can be mounted again without EC2. The folder goes only when it is empty, so never through a mount.
 */
const removeSlot = async (
  context: Context,
  {slots}: Pruning,
  record: VolumeRecord,
  signal: AbortSignal,
): Promise<void> => {
  const {records, mounts, pace, ec2, log} = context;
  const directory = join(slots, record.slot);
  await unmountVolume(mounts, {directory, timeoutMs: pace.unmountMs}, signal);
  if (record.volume !== null) {
    const facts = await ec2.volume(record.volume, signal);
    await records.write({...record, removing: true});
    if (facts) await dispose(context, {facts, slots}, signal);
  }
  await rmdir(directory).catch(() => {});
  await records.remove(record.slot);
  log.info('a slot is removed', {slot: record.slot, volume: record.volume});
};

/**
 * What a crash left: made but not recorded, given up but not deleted, or of an earlier life of this instance. With the
 * volumes go the folders of their slots, and records that could not be read.
 */
const deleteStrays = async (
  context: Context,
  {keep, slots}: Pruning,
  attempt: (what: string, work: () => Promise<void>) => Promise<void>,
  signal: AbortSignal,
): Promise<void> => {
  const {records, ec2} = context;
  const recorded = new Set((await records.list()).map(({volume}) => volume));
  const strays = (await ec2.volumes(ownTags(context), signal)).filter(({id}) => !recorded.has(id));
  const adopted = await adoptVolumes(context, {keep, slots}, strays);
  const forget = async (slot: string | undefined): Promise<void> => {
    if (slot === undefined || keep.has(slot) || (await records.read(slot)) !== null) return;
    await rmdir(join(slots, slot)).catch(() => {});
    await records.remove(slot);
  };
  for (const facts of strays) {
    if (adopted.has(facts.id)) continue;
    await attempt(facts.id, async () => {
      await dispose(context, {facts, slots}, signal);
      await forget(madeFor(context, facts.tags)?.slot);
    });
  }
  for (const slot of await records.slots()) await attempt(slot, () => forget(slot));
};
