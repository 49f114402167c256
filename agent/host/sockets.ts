import {stat} from 'node:fs/promises';
import {readProcSockets} from './sockets-proc.ts';
import {readSsSockets} from './sockets-ss.ts';

/** One connection to a local port, as the kernel sees it at one moment. */
export interface Connection {
  /** `address:port`; IPv4 addresses mapped into IPv6 are written as IPv4, IPv6 ones in brackets */
  readonly peer: string;
  readonly local: string;
  /** bytes that came and were not read by the application */
  readonly unread: number;
  /** bytes written that the peer has not confirmed */
  readonly unsent: number;
  /** null where the kernel's counters cannot be read: then only the queues are known */
  readonly traffic: ConnectionTraffic | null;
}

/** Ages are milliseconds before this reading, in steps of the kernel's clock (1 to 10 ms). */
export interface ConnectionTraffic {
  readonly lastSentMs: number;
  readonly lastReceivedMs: number;
  /** age of the last segment of the peer that confirmed anything */
  readonly lastConfirmedMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** segments sent that carried nothing but a confirmation */
  readonly bareConfirmations: number;
}

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

const findSs = async (): Promise<string | null> => {
  for (const program of ['/usr/bin/ss', '/usr/sbin/ss', '/sbin/ss', '/bin/ss']) {
    if (await stat(program).then(isFile, () => false)) return program;
  }
  return null;
};

const isFile = (found: {isFile(): boolean}): boolean => found.isFile();
