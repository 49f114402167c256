import {reasonText} from '../../../agent/core/reason.ts';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import type {Clock} from '../../../agent/host/clock.ts';
import type {Entry, Store, WatchUpdate} from '../../../agent/ports.ts';
import type {Timeline} from '../timeline.ts';
import {delayMs, type Link, passes, request, STORE, unreachable} from './link.ts';
import {type Kept, keepPresence} from './presence.ts';
import type {Server} from './server.ts';

interface Parts {
  readonly timeline: Timeline;
  readonly server: Server;
  readonly link: Link;
  readonly clock: Clock;
  readonly isAlive: () => boolean;
  /** the instance */
  readonly by: string;
}

export interface Client extends Store {
  /** Notices which presences are lost. */
  look(): void;
  /** The hat's loss goes unnoticed for so long, ms. */
  delay(key: string, ms: number): void;
}

const LAST_PAUSE_MS = 30_000;

const lengthOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, {value}) => sum + value.length, 0);

/** The store as one agent has it. */
export const createClient = (parts: Parts): Client => {
  const {server, link, by} = parts;
  const kept = new Map<string, Kept>();
  const ask = <T>(work: () => T, signal: AbortSignal): Promise<T> => request(parts, work, signal);
  const counted = (entries: readonly Entry[]): readonly Entry[] => {
    link.cost.bytes += lengthOf(entries);
    return entries;
  };
  return {
    name: STORE,
    get: (key, signal) => ask(() => counted(server.read(key))[0] ?? null, signal),
    isAt: (key, version, signal) => ask(() => server.get(key)?.version === version, signal),
    list: (prefix, signal) => ask(() => counted(server.read(prefix)), signal),
    put: (key, value, expected, signal) => {
      link.cost.bytes += value.length;
      return ask(() => server.put({key, value, expected, by}), signal);
    },
    delete: (key, expected, signal) => ask(() => server.delete(key, expected), signal),
    watch: (target, signal) => watch({...parts, counted}, target, signal),
    presence: options => {
      const made = keepPresence(parts, options);
      kept.set(options.key, made);
      return made.presence;
    },
    close: async () => undefined,
    look: () => {
      for (const each of kept.values()) each.look();
    },
    delay: (key, ms) => kept.get(key)?.delay(ms),
  };
};

type Watching = Parts & {readonly counted: (entries: readonly Entry[]) => readonly Entry[]};

/** As an adapter's watch: the state, later states, `lost` once for each cause. Late and doubled now and then. */
async function* watch(
  parts: Watching,
  target: string,
  signal: AbortSignal,
): AsyncGenerator<WatchUpdate, void> {
  const {link, clock} = parts;
  let mark = -1;
  let told = '';
  let pauseMs = 200;
  while (!signal.aborted) {
    try {
      const answer = await blocking(parts, target, mark, signal);
      mark = answer.mark;
      told = '';
      pauseMs = 200;
      const {entries} = answer;
      yield {type: 'value', entries};
      if (link.random.chance(0.01)) yield {type: 'value', entries};
    } catch (error) {
      if (signal.aborted) return;
      mark = -1;
      const cause = reasonOf(error);
      if (reasonText(cause) !== told) yield {type: 'lost', cause};
      told = reasonText(cause);
      await clock.sleep(pauseMs * (0.5 + clock.random() / 2), signal);
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    }
  }
}

interface Answer {
  readonly entries: readonly Entry[];
  readonly mark: number;
}

/** One blocking query: answered when the target is another than at `since`. A cut is noticed late. */
const blocking = (parts: Watching, target: string, since: number, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const {timeline, server, link, isAlive, counted} = parts;
    let stopWaiting = (): void => undefined;
    const end = (tell: () => void): void => {
      signal.removeEventListener('abort', aborted);
      stopWaiting();
      forget();
      if (isAlive()) tell();
    };
    const aborted = (): void => end(() => reject(signal.reason));
    const fail = (afterMs: number, cause: string): void =>
      void timeline.after(afterMs, () => end(() => reject(unreachable(cause))));
    const forget = link.onCut(() => {
      stopWaiting();
      fail(link.random.between(2_000, 60_000), 'no answer');
    });
    const answer = (): void => {
      if (server.health !== 'up') {
        fail(link.random.between(1, 3_000), `the servers are ${server.health}`);
        return;
      }
      const mark = server.mark(target);
      if (mark === since) {
        stopWaiting = server.wait(target, answer);
        return;
      }
      timeline.after(spread(link, target), () => {
        if (server.health !== 'up') return answer();
        const entries = counted(server.read(target));
        const seen = server.mark(target);
        timeline.after(lateMs(link), () => {
          if (link.isOpen) end(() => resolve({entries, mark: seen}));
        });
      });
    };
    signal.addEventListener('abort', aborted);
    link.cost.requests += 1;
    timeline.after(delayMs(link), () => {
      if (passes(link)) answer();
      else fail(link.random.between(1_000, 10_000), 'no answer');
    });
  });

// a folder is large, and what changes in it meanwhile comes with it
const spread = ({random}: Link, target: string): number =>
  target.endsWith('/') ? random.between(150, 700) : 0;

const lateMs = (link: Link): number =>
  delayMs(link) + (link.random.chance(0.01) ? link.random.between(500, 8_000) : 0);
