import {run} from '../process/process.ts';
import type {Connection, ConnectionTraffic} from './connection.ts';

const TIMEOUT_MS = 5_000;
const MAX_OUTPUT = 64 * 1_048_576;
const LINE = /^(?:[A-Z][A-Z0-9-]*\s+)?(\d+)\s+(\d+)\s+(\S+)\s+(\S+)/;

/** Runs `ss` and gives its output. Throws `child.failed`, `child.timeout`. */
export type RunSs = (command: readonly string[], limits: SsLimits, signal: AbortSignal) => Promise<string>;

interface SsLimits {
  readonly timeoutMs: number;
  /** bytes */
  readonly maxOutput: number;
}

const runHere: RunSs = async ([program = '', ...args], limits, signal) =>
  (await run(program, args, limits, signal)).stdout;

/** Reads the connections to local TCP ports from `ss -tni`. Throws what running it throws. */
export const readSsSockets = async (
  {
    program,
    ports,
    runSs = runHere,
  }: {readonly program: string; readonly ports: readonly number[]; readonly runSs?: RunSs},
  signal: AbortSignal,
): Promise<readonly Connection[]> => {
  const filter = `( ${ports.map(port => `sport = :${port}`).join(' or ')} )`;
  const command = [program, '-tniH', 'state', 'established', 'state', 'close-wait', filter];
  return parseSs(await runSs(command, {timeoutMs: TIMEOUT_MS, maxOutput: MAX_OUTPUT}, signal));
};

/** Reads the output of `ss -tniH`: a line of queues and addresses, then one indented line of the kernel's counters. */
export const parseSs = (text: string): readonly Connection[] => {
  const connections: Connection[] = [];
  for (const line of text.split('\n')) {
    const found = LINE.exec(line);
    if (found) connections.push(addressed(found, line.slice(found[0].length)));
    const last = connections.at(-1);
    if (!found && last && /\S/.test(line)) {
      connections[connections.length - 1] = {...last, traffic: readTraffic(line)};
    }
  }
  return connections;
};

/** An address as `ss` prints it, IPv4 mapped into IPv6 as IPv4: `[::ffff:10.0.0.1]:80` gives `10.0.0.1:80`. */
export const plainAddress = (text: string): string => text.replace(/^\[::ffff:(\d+\.\d+\.\d+\.\d+)\]/i, '$1');

const addressed = ([, unread, unsent, local, peer]: RegExpExecArray, rest: string): Connection => ({
  unread: Number(unread),
  unsent: Number(unsent),
  local: plainAddress(local ?? ''),
  peer: plainAddress(peer ?? ''),
  traffic: /\S/.test(rest) ? readTraffic(rest) : null,
});

// `ss` leaves out every counter that is zero.
const readTraffic = (line: string): ConnectionTraffic | null => {
  const fields = new Map(
    line
      .trim()
      .split(/\s+/)
      .map(word => {
        const colon = word.indexOf(':');
        return [word.slice(0, colon), word.slice(colon + 1)] as const;
      }),
  );
  const count = (name: string) => Number.parseInt(fields.get(name) ?? '0', 10);
  if (!fields.has('cwnd')) return null;
  return {
    lastSentMs: count('lastsnd'),
    lastReceivedMs: count('lastrcv'),
    lastConfirmedMs: count('lastack'),
    bytesSent: count('bytes_sent') || count('bytes_acked'),
    bytesReceived: count('bytes_received'),
    bareConfirmations: count('segs_out') - count('data_segs_out'),
  };
};
