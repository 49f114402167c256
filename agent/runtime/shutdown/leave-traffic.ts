import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {shutDown} from '../../core/host/shutdown.ts';
import type {State} from '../../core/host/state.ts';
import {isServing} from '../../core/host/why.ts';
import {type Reason, reason, reasonText} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import {STOPPING} from '../../host/systemd/leave-unit.ts';
import type {Drain, Log, Traffic} from '../../ports.ts';

interface Parts {
  /** systemd's word for what the whole host does */
  readonly systemState: (signal: AbortSignal) => Promise<string>;
  /** Ends the loop and whatever it has in flight, for good; gives the last state. */
  readonly halt: () => Promise<State>;
  readonly write: (state: State) => Promise<unknown>;
  readonly traffic: Traffic;
  readonly drain: Drain;
  readonly drainMs: number;
  readonly changed: () => void;
  readonly log: Log;
  /** how long one answer may take, ms */
  readonly answerMs?: number;
  /** how long a disk that hangs is waited for, ms */
  readonly diskMs?: number;
  /** how often it is looked whether the host still shuts down, ms */
  readonly everyMs?: number;
  /** how long leaving traffic is tried before the drain begins all the same, ms */
  readonly leaveMs?: number;
}

export interface ShutdownLeave {
  /** See `Controls.leave`. */
  leave(signal: AbortSignal): Promise<boolean>;
  /** The same for an agent that is told to stop and ends the application: gives back when it is out and drained. */
  depart(): Promise<void>;
  /** why this host begins nothing more; null for one that goes on */
  cause(): Reason | null;
  /** Throws when the host goes on after all: then the agent has to start anew. */
  watch(signal: AbortSignal): Promise<void>;
}

const ANSWER_MS = 5_000;
const EVERY_MS = 5_000;
const LEAVE_MS = 30_000;
const AGAIN_MS = 1_000;
const DISK_MS = 5_000;
const LATE = Symbol('late');

interface Preparation {
  readonly state: () => State;
  /** sees to it that a shutdown asks for the shutdown */
  readonly keep: (signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  /** how often it is tried, ms */
  readonly everyMs?: number;
}

const KEEP_EVERY_MS = 60_000;

/** Prepares for the host's end as soon as it serves, so that nothing else waits for it at the start. Tries until it succeeds. */
export const prepareShutdown = async (
  {state, keep, log, everyMs = KEEP_EVERY_MS}: Preparation,
  signal: AbortSignal,
): Promise<void> => {
  while (!isServing(state())) await sleep(1_000, undefined, {signal});
  for (let told = false; !signal.aborted; told = true) {
    try {
      return await keep(signal);
    } catch (error) {
      if (signal.aborted) return;
      const why = reasonText(reasonOf(error));
      if (!told) log.warning(`a shutdown of the host would not be noticed, and is tried again: ${why}`);
    }
    await sleep(everyMs * (0.5 + Math.random()), undefined, {signal});
  }
};

/**
 * The host's own end. What the agent was doing stays as it is, as if the agent were stopped there; the host leaves traffic, whatever
 * the fleet says of it, and its requests get the drain's time.
 */
export const createShutdownLeave = (parts: Parts): ShutdownLeave => {
  const {systemState, changed, log, answerMs = ANSWER_MS, everyMs = EVERY_MS} = parts;
  const begun = new AbortController();
  let work: Promise<void> | null = null;
  let cause: Reason | null = null;

  const begin = (why: Reason): Promise<void> => {
    cause = why;
    log.info(`${reasonText(why)}: leaving traffic`);
    changed();
    return depart(parts);
  };
  const shutDownHost = (): Promise<void> => {
    begun.abort();
    return begin(reason('host.stopping', {}));
  };

  return {
    cause: () => cause,
    depart: () => (work ??= begin(reason('agent.stopping', {}))),
    leave: async signal => {
      const state = await systemState(signal);
      if (state !== STOPPING) throw new ReasonError(reason('host.not-stopping', {state}));
      work ??= shutDownHost();
      const late = sleep(answerMs, false, {signal});
      return Promise.race([work.then(() => true), late]);
    },
    watch: async signal => {
      if (!work) await once(begun.signal, 'abort', {signal});
      while (!signal.aborted) {
        await sleep(everyMs, undefined, {signal});
        const state = await systemState(signal);
        if (state !== STOPPING) throw new ReasonError(reason('host.not-stopping', {state}));
      }
    },
  };
};

const depart = async (parts: Parts): Promise<void> => {
  const {traffic, drain, drainMs, log, leaveMs = LEAVE_MS} = parts;
  const {signal} = new AbortController();
  await note(parts).catch((error: unknown) => log.warning(reasonText(reasonOf(error))));
  const unconfirmed = await leaveTraffic({traffic, log, leaveMs}).then(() => null, reasonOf);
  if (unconfirmed)
    log.error(
      `the application ends, and may still get requests: ${reasonText(unconfirmed)}; those in flight are waited for`,
    );
  try {
    const {cut} = await drain.wait({timeoutMs: drainMs}, signal);
    log.info('drained', {cut: cut.join(', ') || 'nothing'});
  } catch (error) {
    log.error(`requests in flight could not be waited for: ${reasonText(reasonOf(error))}`);
  }
};

// Worth a moment and no more: a host that does not come back from its shutdown needs no journal, and one that does boots.
const note = async ({halt, write, log, diskMs = DISK_MS}: Parts): Promise<void> => {
  const over = new AbortController();
  const written = halt().then(state => write(shutDown(state)));
  const late = sleep(diskMs, LATE, {signal: over.signal}).catch(() => undefined);
  try {
    if ((await Promise.race([written, late])) === LATE)
      log.warning('the journal takes too long: the host leaves traffic without it');
  } finally {
    over.abort();
  }
};

const leaveTraffic = async ({
  traffic,
  log,
  leaveMs,
}: Pick<Parts, 'traffic' | 'log'> & {readonly leaveMs: number}): Promise<void> => {
  const deadline = AbortSignal.timeout(leaveMs);
  for (;;) {
    try {
      return await traffic.leave(deadline);
    } catch (error) {
      if (deadline.aborted) throw error;
      log.warning(`leaving traffic: ${reasonText(reasonOf(error))}`);
      await sleep(AGAIN_MS * (0.5 + Math.random()), undefined, {signal: deadline}).catch(() => undefined);
    }
  }
};
