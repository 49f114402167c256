import {readlink} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {isMissing} from '../../host/missing.ts';
import type {FirstReads, Slot} from '../../ports.ts';
import {prewarm} from './prewarm.ts';
import {realDirectory} from './slot-mount.ts';
import type {Context} from './volume/context.ts';
import type {Records} from './volume/record.ts';

interface Warming {
  readonly slot: Slot;
  readonly stateDir: string;
  readonly timeoutMs: number;
}

/**
 * Reads beforehand, of a slot that is new and mounted, what the release that serves here reads, and remembers when that is done.
 * Says why not when it is not. Throws the signal's error only.
 */
export const warm = async (
  context: Context,
  {slot, stateDir, timeoutMs}: Warming,
  signal: AbortSignal,
): Promise<void> => {
  const {settings, records, log} = context;
  if (settings.prewarm.what === 'off') return;
  const fresh = await realDirectory(slot.directory);
  const serving = await current(stateDir);
  // a boot: nothing tells what will be read
  if (serving === null || serving === slot.slot) return;
  const last = join(dirname(fresh), serving);
  if (!(await prewarm(context, {last, fresh, timeoutMs: Math.max(1, timeoutMs)}, signal))) return;
  await notCold(records, slot.slot).catch((error: unknown) =>
    log.warning('a volume record is not written', {slot: slot.slot, cause: reasonText(reasonOf(error))}),
  );
};

/** What the records know of slots whose files are read for the first time. */
export const firstReads = (records: Pick<Records, 'read' | 'write'>): FirstReads => ({
  areSlow: async slot => (await records.read(slot))?.cold === true,
  over: slot => notCold(records, slot),
});

const notCold = async (records: Pick<Records, 'read' | 'write'>, slot: string): Promise<void> => {
  const record = await records.read(slot);
  if (record?.cold) await records.write({...record, cold: false});
};

// the link itself, never the mount behind it
const current = async (stateDir: string): Promise<string | null> => {
  try {
    return basename(await readlink(join(stateDir, 'current')));
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
};
