import {performance} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Connection} from '../../host/sockets/connection.ts';
import {readConnections} from '../../host/sockets/sockets.ts';
import type {Drain} from '../../ports.ts';
import {readCounter} from './counter.ts';
import {type Before, isArrival, isOutstanding} from './outstanding.ts';
import {quietWindow, type Reading} from './quiet-window.ts';

export interface SocketDrainOptions {
  /** the application's local TCP ports */
  readonly ports: readonly number[];
  /** how long every reading must find nothing outstanding; longer than load balancers take to notice the leave */
  readonly quietMs: number;
  /** an http address that answers the number of requests in flight; it then decides instead of the sockets' ages */
  readonly counter?: string;
}

const EVERY_MS = 100;
const CUT_LIMIT = 100;
/** A peer busy this long before the deadline is cut: an answer that streams rests between its parts. */
const RESTS_MS = 300;

/**
 * A drain that measures the application's sockets every 100 ms, and when `quietMs` may be over. It ends when for `quietMs` no reading found a request
 * outstanding and few found a new one. Idle connections and quickly answered probes do not hold it up. At the deadline it
 * gives the peers that were just busy and are still there (at most 100). Throws `child.*` when the sockets cannot be read.
 */
export const socketDrain = ({ports, quietMs, counter}: SocketDrainOptions): Drain => ({
  wait: async ({timeoutMs}, signal) => {
    if (ports.length === 0 && counter === undefined) return {cut: []};
    const deadline = performance.now() + timeoutMs;
    const window = quietWindow(quietMs);
    const measure = meter({ports, counter});
    for (;;) {
      const reading = await measure(signal);
      const now = performance.now();
      if (window.isQuiet(reading, now)) return {cut: []};
      if (now >= deadline) return {cut: reading.unfinished.slice(0, CUT_LIMIT)};
      const pause = Math.min(EVERY_MS, deadline - now, window.leftMs(now) || EVERY_MS);
      await sleep(pause, undefined, {signal});
    }
  },
});

interface Measured extends Reading {
  /** what is cut if the wait ends now */
  readonly unfinished: readonly string[];
}

const meter = ({ports, counter}: {ports: readonly number[]; counter: string | undefined}) => {
  let before: ReadonlyMap<string, NonNullable<Before>> | null = null;
  let busyAt: ReadonlyMap<string, number> = new Map();
  return async (signal: AbortSignal): Promise<Measured> => {
    const inFlight = counter === undefined ? null : await readCounter(counter, signal);
    const connections = await readConnections(ports, signal);
    const known = before;
    before = new Map(
      connections.flatMap(each => (each.traffic ? [[keyOf(each), each.traffic] as const] : [])),
    );
    const isBusy = (each: Connection): boolean =>
      inFlight === 0 ? each.unread > 0 || each.unsent > 0 : isOutstanding(each, known?.get(keyOf(each)));
    const busy = new Set(connections.filter(isBusy));
    const arrived = known !== null && connections.some(each => isArrival(each, known.get(keyOf(each))));
    const now = performance.now();
    const since = busyAt;
    const at = (each: Connection): number => since.get(keyOf(each)) ?? Number.NEGATIVE_INFINITY;
    busyAt = new Map(connections.map(each => [keyOf(each), busy.has(each) ? now : at(each)]));
    const unfinished = connections.filter(each => busy.has(each) || now - at(each) <= RESTS_MS);
    const named = (some: readonly Connection[]): readonly string[] =>
      inFlight && some.length === 0 ? [`${inFlight} in flight`] : some.map(({peer}) => peer);
    return {busy: named([...busy]), arrived, unfinished: named(unfinished)};
  };
};

const keyOf = ({local, peer}: Connection): string => `${local} ${peer}`;
