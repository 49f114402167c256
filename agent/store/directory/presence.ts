import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import type {PresenceOptions} from '../../ports.ts';
import type {Keeping} from '../keep.ts';
import {readMark, writeMark} from './mark.ts';
import {readKey, removeKey, type Tree, writeKey} from './tree.ts';

export interface Locked {
  readonly tree: Tree;
  /** runs the work with the store's lock held */
  locked<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/**
 * A key that one process keeps alive by renewing the mark beside it. Whoever reads an expired mark ignores the key, so
 * nobody has to clean up after a process that died.
 */
export const directoryKeeping = (
  {tree, locked}: Locked,
  {key, ttlMs, takeOver}: PresenceOptions,
): Keeping => {
  const holder = randomUUID();
  const path = join(tree.root, key);
  const mark = (): Promise<void> => writeMark(path, {holder, forMs: ttlMs});
  const heldBy = async (): Promise<string | undefined> => {
    const [entry] = (await readKey(tree, key)).entries;
    return entry && ((await readMark(path))?.holder ?? '');
  };
  return {
    key,
    ttlMs: () => ttlMs,
    acquire: (value, signal) =>
      locked(async () => {
        const other = (await heldBy()) ?? holder;
        if (other !== holder && other !== '' && !takeOver) return false;
        await mark();
        await writeKey(tree, key, value);
        return true;
      }, signal),
    renew: signal =>
      locked(async () => {
        const current = await heldBy();
        if (current !== holder) return current === undefined ? 'it is gone' : 'another holder has it';
        await mark();
        return null;
      }, signal),
    remove: signal =>
      locked(async () => {
        if ((await heldBy()) === holder) await removeKey(tree, key);
      }, signal),
  };
};
