import {stat} from 'node:fs/promises';
import type {Connection} from './connection.ts';
import {readProcSockets} from './proc.ts';
import {readSsSockets} from './ss.ts';

/**
 * Gives the connections to these local TCP ports that are open, or closed by the peer and not yet by the application.
 * Asks `ss` (iproute2); without it reads /proc/net/tcp, which knows the queues but no ages. Throws `child.*` reasons.
 */
export const readConnections = async (
  ports: readonly number[],
  signal: AbortSignal,
): Promise<readonly Connection[]> => {
  if (ports.length === 0) return [];
  const program = await findSs();
  return program === null ? readProcSockets(ports) : readSsSockets({program, ports}, signal);
};

/** The path of `ss`; null on a host without iproute2. */
export const findSs = async (): Promise<string | null> => {
  for (const program of ['/usr/bin/ss', '/usr/sbin/ss', '/sbin/ss', '/bin/ss']) {
    if (await stat(program).then(isFile, () => false)) return program;
  }
  return null;
};

const isFile = (found: {isFile(): boolean}): boolean => found.isFile();
