import {randomUUID} from 'node:crypto';
import {lstat, readlink, symlink, unlink} from 'node:fs/promises';
import process from 'node:process';
import {codeOf, isMissing} from '../../host/missing.ts';
import {jittered, pause} from '../../host/pause.ts';
import {unreachable} from '../key.ts';
import {bootId, pidNamespace, startTime} from './clock.ts';

// INVARIANTS
// - The lock is a symbolic link whose text names its owner: made in one system call, with its content, or not at all.
// - It is removed by its owner, or by whoever holds the lock `<path>.break` and sees that this very owner is dead.
//   A new lock can therefore never be removed in place of a stale one.
// - A breaker that dies leaves a stale `.break` lock, which is broken the same way, to a fixed depth.

const RETRY_MS = 20;
const DEPTH = 3;
/** An owner that cannot be judged (another container or boot) is dead after this long; locks are held for milliseconds. */
const UNJUDGED_MS = 30_000;

/** Runs `work` while no other process or task has the lock at `path`. Throws `store.unreachable` when the signal ends first. */
export const withLock = async <T>(
  {store, path}: {readonly store: string; readonly path: string},
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  const owner = await acquire({store, path, depth: 0}, signal);
  try {
    return await work();
  } finally {
    await release(path, owner);
  }
};

interface Lock {
  readonly store: string;
  readonly path: string;
  readonly depth: number;
}

const acquire = async (lock: Lock, signal: AbortSignal): Promise<string> => {
  const owner = ownerText();
  for (;;) {
    if (signal.aborted) throw unreachable(lock.store, `${lock.path} is held by ${await holder(lock.path)}`);
    try {
      await symlink(owner, lock.path);
      return owner;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    if (!(await breakStale(lock, signal))) await pause(jittered(RETRY_MS, 0.1), signal);
  }
};

const release = async (path: string, owner: string): Promise<void> => {
  if ((await holder(path)) === owner) await unlink(path).catch(ignoreMissing);
};

const breakStale = async (lock: Lock, signal: AbortSignal): Promise<boolean> => {
  const found = await holder(lock.path);
  if (found === '') return true;
  if (lock.depth >= DEPTH || !(await isDead(lock.path, found))) return false;
  const breaker = {...lock, path: `${lock.path}.break`, depth: lock.depth + 1};
  const owner = await acquire(breaker, signal);
  try {
    if ((await holder(lock.path)) === found) await unlink(lock.path).catch(ignoreMissing);
  } finally {
    await release(breaker.path, owner);
  }
  return true;
};

const ownerText = (): string =>
  [bootId(), pidNamespace(), process.pid, startTime(process.pid), randomUUID()].join(':');

const isDead = async (path: string, owner: string): Promise<boolean> => {
  const [boot, namespace, pid, started] = owner.split(':');
  if (boot === bootId() && namespace === pidNamespace()) return !isAlive(Number(pid), started ?? '');
  const age = Date.now() - ((await lstat(path).catch(ignoreMissing))?.mtimeMs ?? Date.now());
  return age > UNJUDGED_MS;
};

// `kill(pid, 0)` also answers for processes of other users, which `/proc` may hide.
const isAlive = (pid: number, started: string): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false;
  }
  const seen = startTime(pid);
  return seen === '' || seen === started;
};

const holder = (path: string): Promise<string> =>
  readlink(path).catch(error => {
    ignoreMissing(error);
    return '';
  });

const ignoreMissing = (error: unknown): undefined => {
  if (!isMissing(error)) throw error;
};
