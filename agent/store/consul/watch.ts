import {performance} from 'node:perf_hooks';
import {jittered} from '../pause.ts';
import {markOf, type WatchSource} from '../updates.ts';
import type {Kv, KvReading} from './kv.ts';
import {createPace} from './pace.ts';

const MAX_BACKOFF_MS = 30_000;

/**
 * What `updates` needs for one watch: blocking queries, never cut short and sent again, as that would leave the server
 * waiting for nobody (hashicorp/consul#9647).
 *
 * Consistency: one key is watched on any server (`stale`: cheap for a whole fleet, works without a leader), and what it
 * says is only a hint: what the watch gives is read again from a leader that makes sure it is one (`consistent`). A prefix
 * is watched by one host of the fleet and is large: it is watched and read at the leader (`default`), once.
 */
export const consulWatch = ({kv, waitMs}: {kv: Kv; waitMs: number}, target: string): WatchSource => {
  const recurse = target.endsWith('/');
  const pace = createPace();
  let index = 0;
  let seen: string | undefined;

  const confirmed = async (signal: AbortSignal): Promise<KvReading> => {
    const reading = await kv.read({path: target, recurse, consistency: 'consistent'}, signal);
    return took(reading);
  };
  const took = (reading: KvReading): KvReading => {
    index = reading.index;
    seen = markOf(reading.entries);
    return reading;
  };
  const blocked = async (signal: AbortSignal): Promise<KvReading> => {
    await pace.next(signal);
    const wait = jittered(waitMs);
    const startedAt = performance.now();
    const consistency = recurse ? 'default' : 'stale';
    const reading = await kv.read({path: target, recurse, consistency, since: {index, waitMs: wait}}, signal);
    if (performance.now() - startedAt >= wait) pace.waited();
    return reading;
  };
  const news = async (signal: AbortSignal): Promise<KvReading> => {
    const reading = await blocked(signal);
    const changed = markOf(reading.entries) !== seen;
    pace.answered(changed ? 'news' : 'nothing');
    // an index that goes backwards (a restored snapshot, a reaped tombstone, another server) starts from what is there now
    if (reading.index < index || (changed && !recurse)) return confirmed(signal);
    return took(reading);
  };
  return {
    maxBackoffMs: MAX_BACKOFF_MS,
    next: async ({fresh}, signal) => (fresh ? await confirmed(signal) : await news(signal)).entries,
  };
};
