import {performance} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import type {DrainSettings} from '../../config/settings.ts';
import {type Reason, reason} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import type {Drain, Log, ReportBlocker} from '../../ports.ts';
import {type Measured, meter} from './meter.ts';
import {quietWindow} from './quiet-window.ts';
import {type Application, sight} from './where-connections-are.ts';

export interface SocketDrainOptions extends Omit<DrainSettings, 'timeoutMs'> {
  readonly application: Application;
  /** whether systemd runs the application, and programs of the operator's */
  readonly bySystemd: boolean;
  /** told what the drain waits for */
  readonly reportBlocker: ReportBlocker;
  readonly log: Log;
}

const CUT_LIMIT = 100;
const TOLD_EVERY_MS = 3_000;
const TOLD_PEERS = 5;
const USER = 'drain';

/**
 * A drain that measures the application's sockets every 100 ms, and when `quietMs` may be over. It ends when for `quietMs` no reading
 * found a request outstanding and few found a new one, and nothing moves on the connections that are in use (`restMs`: the whole time
 * for `opaque`, none for `http1`, unless told). Idle connections and quickly answered probes do not hold it up. What cannot be
 * seen is never taken for quiet. At the deadline it gives the peers that were just busy and are still there (at most 100).
 */
export const socketDrain = (options: SocketDrainOptions): Drain => ({
  wait: async ({timeoutMs}, signal) => {
    const {ports, counter, protocol, reportBlocker} = options;
    if (protocol === 'none' || (ports.length === 0 && counter === undefined)) return {cut: []};
    try {
      return await waitUntilQuiet({...options, protocol}, timeoutMs, signal);
    } finally {
      reportBlocker(USER, null);
    }
  },
});

type Measurable = SocketDrainOptions & {readonly protocol: 'http1' | 'opaque'};

const waitUntilQuiet = async (options: Measurable, timeoutMs: number, signal: AbortSignal) => {
  const {quietMs, reportBlocker, log} = options;
  const deadline = performance.now() + timeoutMs;
  const window = quietWindow(quietMs);
  const look = looker(options, timeoutMs);
  const tell = teller(reportBlocker);
  for (;;) {
    const {reading, unknown, everyMs} = await look(signal);
    const now = performance.now();
    const isQuiet = window.isQuiet(unknown ? UNSEEN : reading, now);
    if (isQuiet && reading.moving.length === 0) return end(reading, [], log);
    if (now >= deadline)
      return end(reading, [...reading.unfinished, ...(unknown ? [`unknown: ${unknown.kind}`] : [])], log);
    tell(unknown, reading, now);
    const pause = Math.min(everyMs, deadline - now, window.leftMs(now) || everyMs);
    await sleep(pause, undefined, {signal});
  }
};

// What is unknown is told at once, what is merely not over yet after a while.
const teller = (reportBlocker: ReportBlocker) => {
  let toldAt = performance.now();
  return (unknown: Reason | null, reading: Measured, now: number): void => {
    const waits = unknown ?? whatItWaitsFor(reading);
    if (waits === null || (unknown === null && now - toldAt < TOLD_EVERY_MS)) return;
    toldAt = now;
    reportBlocker(USER, waits);
  };
};

const end = ({open, unfinished}: Measured, cut: readonly string[], log: Log) => {
  const busy = new Set(unfinished);
  const atRest = cut.length > 0 ? open.filter(peer => !busy.has(peer)) : open;
  log.info('the drain is over', {
    cut: some(cut) || 'nothing',
    ...(atRest.length > 0 && {'open at rest': `${atRest.length} (${some(atRest)})`}),
  });
  return {cut: cut.slice(0, CUT_LIMIT)};
};

const some = (peers: readonly string[]): string =>
  `${peers.slice(0, TOLD_PEERS).join(', ')}${peers.length > TOLD_PEERS ? ', …' : ''}`;

const whatItWaitsFor = ({busy, moving}: Measured): Reason | null => {
  const peers = [...busy, ...moving];
  return peers.length === 0 ? null : reason('drain.busy', {connections: peers.length, peers: some(peers)});
};

const UNSEEN = {busy: ['unknown'], arrived: false} as const;

interface Look {
  readonly reading: Measured;
  /** why it is not known whether anything is outstanding */
  readonly unknown: Reason | null;
  /** how soon to look again */
  readonly everyMs: number;
}

const NOTHING: Measured = {busy: [], moving: [], arrived: false, unfinished: [], open: [], inFlight: null};

// What could not be read is asked for again until the deadline: to end at once would cut whatever there is.
const looker = (options: Measurable, timeoutMs: number) => {
  const {protocol, restMs = protocol === 'opaque' ? Math.max(timeoutMs, options.quietMs) : 0} = options;
  const {ports, counter, application, ignore, bySystemd} = options;
  const seen = sight({ports, application, bySystemd});
  const measure = meter({protocol, restMs, counter, ignore, connections: seen.connections});
  let last = NOTHING;
  return async (signal: AbortSignal): Promise<Look> => {
    try {
      last = await measure(signal);
    } catch (error) {
      signal.throwIfAborted();
      return {reading: last, unknown: reasonOf(error), everyMs: seen.everyMs()};
    }
    const counted = last.inFlight !== null;
    const unknown = counted ? null : await why(options, seen.unseen(), timeoutMs, signal);
    return {reading: last, unknown, everyMs: seen.everyMs()};
  };
};

const why = async (
  {ports, counter, application}: Measurable,
  unseen: Reason | null,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Reason | null> => {
  if (unseen) return unseen;
  if (ports.length > 0 || counter === undefined || !(await application.isRunning(signal))) return null;
  return reason('drain.counter', {counter, seconds: timeoutMs / 1_000});
};
