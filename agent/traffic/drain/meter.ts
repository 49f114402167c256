import {performance} from 'node:perf_hooks';
import type {Connection} from '../../host/sockets/connection.ts';
import {readCounter} from './counter.ts';
import {type Before, isArrival, isOutstanding, restedMs} from './outstanding.ts';
import {countsUnless} from './peers.ts';
import type {Reading} from './quiet-window.ts';

export interface MeterOptions {
  /** `http1`: one request at a time per connection, in clear. `opaque`: nothing is known but that something moves. */
  readonly protocol: 'http1' | 'opaque';
  /** ms; a connection on which something moved less long ago is in use */
  readonly restMs: number;
  readonly counter: string | undefined;
  /** addresses and networks (CIDR) whose connections do not count */
  readonly ignore: readonly string[];
  /** the connections to the application's ports */
  readonly connections: (signal: AbortSignal) => Promise<readonly Connection[]>;
}

export interface Measured extends Reading {
  /** peers of connections in use on which nothing is known to be outstanding */
  readonly moving: readonly string[];
  /** what is cut if the wait ends now */
  readonly unfinished: readonly string[];
  /** peers of every connection that counts */
  readonly open: readonly string[];
  /** what the application's counter says; null when there is none, or it does not answer */
  readonly inFlight: number | null;
}

/** A peer busy this long before the deadline is cut: an answer that streams rests between its parts. */
const PAUSE_MS = 300;

/** Makes the function that takes one reading of the application's sockets and its counter. */
export const meter = ({protocol, restMs, counter, ignore, connections: read}: MeterOptions) => {
  const counts = countsUnless(ignore);
  let before: ReadonlyMap<string, NonNullable<Before>> | null = null;
  let busyAt: ReadonlyMap<string, number> = new Map();
  return async (signal: AbortSignal): Promise<Measured> => {
    const inFlight = counter === undefined ? null : await readCounter(counter, signal);
    const connections = (await read(signal)).filter(counts);
    const known = before;
    before = new Map(
      connections.flatMap(each => (each.traffic ? [[keyOf(each), each.traffic] as const] : [])),
    );
    const isBusy = (each: Connection): boolean => {
      if (inFlight === 0) return each.unread > 0 || each.unsent > 0;
      return protocol === 'http1' && isOutstanding(each, known?.get(keyOf(each)));
    };
    const busy = new Set(connections.filter(isBusy));
    const moving = connections.filter(each => inFlight !== 0 && !busy.has(each) && restedMs(each) < restMs);
    const arrived = known !== null && connections.some(each => isArrival(each, known.get(keyOf(each))));
    const now = performance.now();
    const since = busyAt;
    const at = (each: Connection): number => since.get(keyOf(each)) ?? Number.NEGATIVE_INFINITY;
    busyAt = new Map(connections.map(each => [keyOf(each), busy.has(each) ? now : at(each)]));
    const inUse = new Set([...busy, ...moving]);
    const unfinished = connections.filter(each => inUse.has(each) || now - at(each) <= PAUSE_MS);
    const named = (some: Iterable<Connection>): readonly string[] => {
      const peers = [...some].map(({peer}) => peer);
      return inFlight && peers.length === 0 ? [`${inFlight} in flight`] : peers;
    };
    return {
      busy: named(busy),
      moving: moving.map(({peer}) => peer),
      arrived,
      unfinished: named(unfinished),
      open: connections.map(({peer}) => peer),
      inFlight,
    };
  };
};

const keyOf = ({local, peer}: Connection): string => `${local} ${peer}`;
