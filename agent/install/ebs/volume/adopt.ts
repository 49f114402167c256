import {join} from 'node:path';
import type {VolumeFacts} from '../../../host/ec2/facts.ts';
import {findDevice} from '../../../host/mount/devices.ts';
import {mountedAt} from '../../../host/mount/table.ts';
import type {Context} from './context.ts';
import type {VolumeRecord} from './record.ts';
import {madeFor} from './tags.ts';

interface Kept {
  /** names of slots */
  readonly keep: ReadonlySet<string>;
  /** where slots are, without symlinks */
  readonly slots: string;
}

interface Found {
  readonly facts: VolumeFacts;
  readonly attempt: number;
  readonly isMounted: boolean;
}

/**
 * Writes down the volume of each kept slot that has none on record, out of these volumes of this instance; gives the ids of
 * those that are now. One was made just before a crash, or its record was lost or damaged: it is what the slot's stage would
 * ask for, or what an application runs from.
 */
export const adoptVolumes = async (
  context: Context,
  {keep, slots}: Kept,
  volumes: readonly VolumeFacts[],
): Promise<ReadonlySet<string>> => {
  const {records, log} = context;
  const adopted = new Set<string>();
  for (const slot of keep) {
    const record = await records.read(slot);
    if (record !== null && record.volume !== null) continue;
    const found = await Promise.all(
      volumes.map(facts => lookAt(context, {slot, directory: join(slots, slot)}, facts)),
    );
    const [best] = found.filter(each => each !== null && isOf(record, each)).toSorted(byUse);
    if (!best) continue;
    await records.write(record ? {...record, volume: best.facts.id} : recordOf(context, slot, best));
    adopted.add(best.facts.id);
    log.info('a volume that was in no record is put on record', {slot, volume: best.facts.id});
  }
  return adopted;
};

const lookAt = async (
  context: Context,
  {slot, directory}: {readonly slot: string; readonly directory: string},
  facts: VolumeFacts,
): Promise<Found | null> => {
  const made = madeFor(context, facts.tags);
  if (made?.slot !== slot || !isAlive(facts)) return null;
  const {id, attachment} = facts;
  const device = attachment && (await findDevice({volume: id, name: attachment.device}));
  const isMounted = device !== null && (await mountedAt(directory))?.number === device.number;
  return {facts, attempt: made.attempt, isMounted};
};

/** A record that is there tells by which attempt its volume was made. */
const isOf = (record: VolumeRecord | null, {facts, attempt}: Found): boolean =>
  record === null || (attempt === record.attempt && facts.snapshot === record.snapshot);

// One that an application may run from goes first, then the one made last.
const byUse = (a: Found | null, b: Found | null): number => rank(b) - rank(a);
const rank = (found: Found | null): number => (found?.isMounted ? 1e9 : 0) + (found?.attempt ?? 0);

const recordOf = (
  {identity}: Context,
  slot: string,
  {facts: {id, snapshot, attachment}, attempt, isMounted}: Found,
): VolumeRecord => ({
  format: 1,
  instance: identity.instance,
  slot,
  snapshot,
  attempt,
  volume: id,
  device: attachment?.device ?? null,
  complete: isMounted,
  removing: false,
});

const isAlive = ({state}: VolumeFacts): boolean => ['creating', 'available', 'in-use'].includes(state);
