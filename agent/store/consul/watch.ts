import {performance} from 'node:perf_hooks';
import {jittered} from '../../host/pause.ts';
import {markOf, type WatchSource} from '../updates.ts';
import {type Kv, type KvQuery, type KvReading, plain} from './kv.ts';
import {createPace} from './pace.ts';

const MAX_BACKOFF_MS = 30_000;
/** A key is watched by every host, a prefix by one, which others wait for. */
const KEY_MS = 1_000;
const PREFIX_MS = 250;
/** After news of a key, at most; half of it at least. So long all hosts are told before any of them asks again. */
const REST_MS = 400;

/** A server that heard of its leader so long ago at most is part of the cluster; one cut off before a restore has versions that are too high. */
const RECENT_MS = 5_000;

/**
 * What `updates` needs for one watch: blocking queries, never cut short and sent again, as that would leave the server
 * waiting for nobody (hashicorp/consul#9647).
 *
 * Consistency: one key is watched on any server (`stale`: cheap for a whole fleet, works without a leader). A value that was
 * written after the one before (its `ModifyIndex` is higher) is newer, whichever server of the cluster says it: they know only what
 * is committed. All else, a key that is gone or went back, is only a hint, and read again from a leader that makes sure it is one (`consistent`). A prefix
 * is watched by one host of the fleet and is large: it is watched and read at the leader (`default`), once.
 */
export const consulWatch = ({kv, waitMs}: {kv: Kv; waitMs: number}, target: string): WatchSource => {
  const recurse = target.endsWith('/');
  const pace = createPace(recurse ? {refillMs: PREFIX_MS, restMs: 0} : {refillMs: KEY_MS, restMs: REST_MS});
  let index = 0;
  let seen: string | undefined;
  /** when the key was written last, as far as is known */
  let written = 0;

  const confirmed = async (signal: AbortSignal): Promise<KvReading> => {
    const reading = await kv.read({path: target, recurse, consistency: 'consistent'}, signal);
    return took(reading);
  };
  const took = (reading: KvReading): KvReading => {
    index = reading.index;
    seen = markOf(reading.entries);
    written = Number(reading.entries[0]?.version ?? written);
    return reading;
  };
  const isLater = ({entries, behindMs}: KvReading): boolean =>
    behindMs <= RECENT_MS && Number(entries[0]?.version ?? 0) > written;
  const look = (since: KvQuery['since'], signal: AbortSignal): Promise<KvReading> => {
    const consistency = recurse ? 'default' : 'stale';
    return kv.read({path: target, recurse, consistency, ...(since && {since})}, signal);
  };
  const judged = (
    reading: KvReading,
    early: boolean,
    signal: AbortSignal,
  ): Promise<KvReading> | KvReading => {
    const changed = markOf(reading.entries) !== seen;
    pace.answered(changed ? 'news' : early ? 'nothing' : 'in time');
    const restart = mustRestart({early, reading, index});
    const isHint = changed && !recurse && !isLater(reading);
    return restart || isHint ? confirmed(signal) : took(reading);
  };
  const news = async (signal: AbortSignal): Promise<KvReading> => {
    // after a pause it looks before it blocks: a restore meanwhile would leave the index far ahead of the state
    const polled = (await pace.next(signal)) === 'paused' ? await look(undefined, signal) : undefined;
    if (polled && polled.index !== index) return judged(polled, true, signal);
    const wait = jittered(waitMs);
    const startedAt = performance.now();
    const reading = await look({index, waitMs: wait}, signal);
    return judged(reading, performance.now() - startedAt < wait, signal);
  };
  return {
    maxBackoffMs: MAX_BACKOFF_MS,
    next: async ({fresh}, signal) => plain((fresh ? await confirmed(signal) : await news(signal)).entries),
  };
};

/**
 * True when the index says nothing any more. It goes backwards with a restored snapshot, a reaped tombstone or another
 * server. A query that a restore interrupts answers early with the old state and the old index (1.8.7): the next one
 * would block on an index that is far ahead of the new state. (A query sent in the very moment of a restore does block
 * so: `waitMs` bounds how long.)
 */
const mustRestart = (answer: {
  readonly early: boolean;
  readonly reading: KvReading;
  readonly index: number;
}): boolean => answer.reading.index < answer.index || (answer.early && answer.reading.index === answer.index);
