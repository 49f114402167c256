import {readFile, stat} from 'node:fs/promises';

const LISTENING = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /gim;

/** A process by number, or the agent itself. */
export type ProcessId = number | 'self';

/** The TCP ports on which anybody listens in the network namespace of a process; none for one that is gone. */
export const listeningPorts = async (pid: ProcessId): Promise<ReadonlySet<number>> => {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map(table => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  );
  const found = tables.flatMap(text => [...text.matchAll(LISTENING)]);
  return new Set(found.map(([, hex = '']) => Number.parseInt(hex, 16)));
};

/**
 * Names the network namespace of a process; null for a process that is gone. /proc/<pid>/ns/net would need the right to trace it;
 * its socket table is anybody's to see, and each namespace has one with an inode of its own.
 */
export const networkOf = async (pid: ProcessId): Promise<number | null> =>
  stat(`/proc/${pid}/net/tcp`).then(
    ({ino}) => ino,
    () => null,
  );

/** The processes, one for each network namespace besides the agent's own. */
export const elsewhere = async (pids: readonly number[]): Promise<readonly number[]> => {
  const [own, ...networks] = await Promise.all(['self' as const, ...pids].map(networkOf));
  const first = new Map<number, number>();
  for (const [index, pid] of pids.entries()) {
    const network = networks[index];
    if (network != null && network !== own && !first.has(network)) first.set(network, pid);
  }
  return [...first.values()];
};
