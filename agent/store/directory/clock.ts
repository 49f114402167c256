import {readFileSync, readlinkSync} from 'node:fs';
import process from 'node:process';

/**
 * Milliseconds since this machine booted, the same for all its processes. The wall clock would not do: it is set at
 * boot, often minutes after the first processes started, and a jump would end or prolong every presence.
 */
export const bootMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** Names this run of the kernel; empty where the kernel does not say. */
export const bootId = (): string => readText('/proc/sys/kernel/random/boot_id');

/** Names the process id namespace: process ids of another one say nothing here. */
export const pidNamespace = (): string => {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  } catch {
    return '';
  }
};

/** When a process started, in ticks since boot (proc(5), stat field 22); empty when it is gone or not visible. */
export const startTime = (pid: number): string => {
  const stat = readText(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};
