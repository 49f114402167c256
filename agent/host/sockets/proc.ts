import {readFile} from 'node:fs/promises';
import {endianness} from 'node:os';
import type {Connection} from './connection.ts';
import type {ProcessId} from './listening.ts';

const ESTABLISHED = 0x01;
const CLOSE_WAIT = 0x08;

/** Reads the connections to local TCP ports from the socket tables that a process sees: queues only, no ages. */
export const readProcSockets = async (
  ports: readonly number[],
  pid: ProcessId = 'self',
): Promise<readonly Connection[]> => {
  const texts = await Promise.all(
    ['tcp', 'tcp6'].map(table => readFile(`/proc/${pid}/net/${table}`, 'utf8').catch(() => '')),
  );
  return texts.flatMap(text => parseProcNet(text, ports));
};

/** Reads one of the kernel's socket tables (proc(5), /proc/net/tcp): addresses are hexadecimal words of the host. */
export const parseProcNet = (text: string, ports: readonly number[]): readonly Connection[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const [, local, peer, state, queues] = line.trim().split(/\s+/);
      if (local === undefined || peer === undefined || state === undefined || queues === undefined) return [];
      if (![ESTABLISHED, CLOSE_WAIT].includes(Number.parseInt(state, 16))) return [];
      const [unsent = 0, unread = 0] = queues.split(':').map(hex => Number.parseInt(hex, 16));
      return ports.includes(portOf(local))
        ? [{local: address(local), peer: address(peer), unread, unsent, traffic: null}]
        : [];
    });

const portOf = (pair: string): number => Number.parseInt(pair.slice(pair.indexOf(':') + 1), 16);

const address = (pair: string): string => {
  const bytes = hostBytes(pair.slice(0, pair.indexOf(':')));
  const mapped = bytes.length === 16 && bytes.subarray(0, 12).equals(MAPPED);
  const ipv4 = bytes.length === 4 || mapped;
  return ipv4 ? `${bytes.subarray(-4).join('.')}:${portOf(pair)}` : `[${ipv6(bytes)}]:${portOf(pair)}`;
};

const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

const hostBytes = (hex: string): Buffer => {
  const bytes = Buffer.from(hex, 'hex');
  return endianness() === 'LE' ? bytes.swap32() : bytes;
};

// The URL parser writes the shortest form of RFC 5952.
const ipv6 = (bytes: Buffer): string => {
  const groups = Array.from({length: 8}, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
};
