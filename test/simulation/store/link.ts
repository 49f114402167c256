/** One host's way to the store: how long a message takes, and whether it arrives. */
import {reason} from '../../../agent/core/reason.ts';
import {ReasonError} from '../../../agent/core/reason-error.ts';
import type {Random} from '../random.ts';
import type {Timeline} from '../timeline.ts';
import type {Server} from './server.ts';

export const STORE = 'consul://simulated';
const DEADLINE_MS = 10_000;

export interface Link {
  readonly random: Random;
  /** nothing gets through while it is false */
  isOpen: boolean;
  /** the share of messages that get lost */
  loss: number;
  /** how many times longer than usual a message takes */
  slow: number;
  /** requests and bytes, both ways */
  readonly cost: {requests: number; bytes: number};
  /** Calls back once when the link is cut. */
  onCut(listener: () => void): () => void;
  cut(): void;
}

/** Makes a link that works. */
export const createLink = (random: Random): Link => {
  const listeners = new Set<() => void>();
  const link: Link = {
    random,
    isOpen: true,
    loss: 0,
    slow: 1,
    cost: {requests: 0, bytes: 0},
    onCut: listener => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    cut: () => {
      link.isOpen = false;
      const cut = [...listeners];
      listeners.clear();
      for (const listener of cut) listener();
    },
  };
  return link;
};

/** One way, ms: short as a rule, long now and then. */
export const delayMs = ({random, slow}: Link): number =>
  (random.chance(0.01) ? random.between(100, 3_000) : random.between(1, 15)) * slow;

export const passes = ({isOpen, loss, random}: Link): boolean =>
  isOpen && (loss === 0 || !random.chance(loss));

export const unreachable = (cause: string): ReasonError =>
  new ReasonError(reason('store.unreachable', {store: STORE, cause}));

interface Parts {
  readonly timeline: Timeline;
  readonly server: Server;
  readonly link: Link;
  readonly isAlive: () => boolean;
}

/**
 * Sends a request and gives its answer. What was sent is done by the servers even when nobody waits any more, or when the answer
 * is lost: then it fails, though it was done.
 */
export const request = <T>(parts: Parts, work: () => T, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const {timeline, server, link, isAlive} = parts;
    const aborted = (): void => end(() => reject(signal.reason));
    const end = (tell: () => void): void => {
      signal.removeEventListener('abort', aborted);
      if (isAlive()) tell();
    };
    const fail = (afterMs: number, cause: string): unknown =>
      timeline.after(afterMs, () => end(() => reject(unreachable(cause))));
    signal.addEventListener('abort', aborted);
    link.cost.requests += 1;
    timeline.after(delayMs(link), (): unknown => {
      if (!passes(link)) return fail(DEADLINE_MS, 'no answer in 10 s');
      if (server.health === 'down') return fail(1, 'connection refused');
      if (server.health === 'leaderless') return fail(link.random.between(0, 7_000), 'No cluster leader');
      const result = work();
      return timeline.after(delayMs(link), () => {
        if (passes(link)) end(() => resolve(result));
        else fail(DEADLINE_MS, 'no answer in 10 s');
      });
    });
  });
