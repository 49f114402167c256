import {performance} from 'node:perf_hooks';
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import {isGroupAlive} from './proc.ts';

const EVERY_MS = 25;
/** How long a killed process may take to go: one that waits for a hung disk does not go at all. */
const KILLED_MS = 5_000;

/**
 * Ends a process group: SIGTERM, and SIGKILL to what is left of it after `graceMs`. Gives false when even that did not end
 * it in five seconds (a process in uninterruptible sleep). The caller knows that the group is its own.
 */
export const endGroup = async (group: number, {graceMs}: {readonly graceMs: number}): Promise<boolean> => {
  if (!signalGroup(group, 'SIGTERM')) return true;
  if (await isGone(group, graceMs)) return true;
  signalGroup(group, 'SIGKILL');
  return isGone(group, KILLED_MS);
};

/** Sends a signal to a process group; signal 0 only asks. False when no process of it is left. */
export const signalGroup = (group: number, signal: NodeJS.Signals | 0): boolean => {
  if (group <= 1) return false; // 0 is the agent's own group, -1 would be every process
  try {
    process.kill(-group, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const isGone = async (group: number, withinMs: number): Promise<boolean> => {
  const end = performance.now() + withinMs;
  for (;;) {
    if (!signalGroup(group, 0) || !(await isGroupAlive(group))) return true;
    if (performance.now() >= end) return false;
    await sleep(EVERY_MS);
  }
};
