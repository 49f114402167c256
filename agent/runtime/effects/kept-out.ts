import {reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import type {Clock} from '../../host/clock.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import type {Log, Traffic} from '../../ports.ts';

interface Parts {
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly log: Log;
  /** how often it is looked for what came into traffic, ms */
  readonly everyMs?: number;
  /** how long one look may take, ms */
  readonly lookMs?: number;
}

const EVERY_MS = 500;
const LOOK_MS = 5_000;

/**
 * Does the work, and keeps out of traffic what comes into it meanwhile: an application that registers itself when it starts was
 * not there to be taken out before. Nothing fails by that. INVARIANT: it has ended when this gives back, so that it never takes
 * a host out that rejoins.
 */
export const whileKeptOut = async <T>(
  parts: Parts,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  if (!parts.traffic.keepOut) return work();
  const over = new AbortController();
  const kept = keepOut(parts, over.signal, signal);
  try {
    return await work();
  } finally {
    over.abort();
    await kept;
  }
};

// With the end of the work a look ends at once, so that a Consul that does not answer takes no time from a way back; what it has begun to
// change is waited for (`Traffic.keepOut`): it must not come true late.
const keepOut = async (parts: Parts, over: AbortSignal, signal: AbortSignal): Promise<void> => {
  const {clock, everyMs = EVERY_MS} = parts;
  const ended = AbortSignal.any([over, signal]);
  for (let told = false; !ended.aborted; ) {
    told = (await look(parts, told, ended)) || told;
    await clock.sleep(everyMs, ended);
  }
};

/** True when it failed. */
const look = async ({traffic, clock, log, lookMs = LOOK_MS}: Parts, told: boolean, signal: AbortSignal) => {
  try {
    await withTimeLimit({timeoutMs: lookMs, clock}, async until => traffic.keepOut?.(until), signal);
    return false;
  } catch (error) {
    if (!signal.aborted && !told)
      log.warning(`what starts may get requests before its gate: ${reasonText(reasonOf(error))}`);
    return true;
  }
};
