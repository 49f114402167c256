/**
 * The loop of one host: take an event, decide, journal, publish, act. INVARIANTS:
 * - one event at a time; the state is journalled before its effects begin;
 * - leaving a phase ends its timer and whatever it has in flight.
 */
import {setTimeout as sleep} from 'node:timers/promises';
import {doing} from '../core/host/describe.ts';
import type {Effect} from '../core/host/effect.ts';
import type {Stamp} from '../core/host/event.ts';
import type {Rules} from '../core/host/rules.ts';
import type {State} from '../core/host/state.ts';
import type {Step} from '../core/host/step.ts';
import {transition} from '../core/host/transition.ts';
import type {Journal} from '../journal/journal.ts';
import type {Log} from '../ports.ts';
import type {Dispatch, Happening} from './happening.ts';

export interface Agent {
  readonly dispatch: Dispatch;
  readonly state: () => State;
  /** Takes the first step (from `recover`) and then event after event, until the signal is aborted. */
  run(first: Step, signal: AbortSignal): Promise<void>;
  /** ms since the loop last went round while it had something to do; 0 when it is idle. For the watchdog. */
  readonly busyForMs: () => number;
}

interface Parts {
  readonly rules: Rules;
  readonly initial: State;
  readonly journal: Journal;
  readonly act: (state: State, effects: readonly Effect[], left: boolean) => void;
  readonly publish: (state: State, before: State) => void;
  readonly log: Log;
}

const JOURNAL_TRIES = 3;
const JOURNAL_PAUSE_MS = 1_000;

/** The moment of an event. */
export const stamp = (): Stamp => ({now: Date.now(), random: Math.random()});

/** Makes the loop. `act` starts effects and does not wait for them; their results come back through `dispatch`. */
export const createAgent = ({rules, initial, journal, act, publish, log}: Parts): Agent => {
  let state = initial;
  let busySince: number | null = null;
  let wake: (() => void) | null = null;
  const queue: Happening[] = [];

  const dispatch: Dispatch = happening => {
    queue.push(happening);
    wake?.();
  };

  const take = async ([next, effects]: Step, signal: AbortSignal): Promise<void> => {
    const before = state;
    if (next !== before)
      await writeAhead({journal, next, log, tried: () => (busySince = performance.now())}, signal);
    state = next;
    const left = before.phase !== next.phase || before.generation !== next.generation;
    act(next, effects, left);
    if (left || doing(next) !== doing(before)) {
      log.info(doing(next), {phase: next.phase, generation: next.generation});
    }
    if (next !== before) publish(next, before);
  };

  const run = async (first: Step, signal: AbortSignal): Promise<void> => {
    signal.addEventListener('abort', () => wake?.(), {once: true});
    await take(first, signal);
    while (!signal.aborted) {
      const happening = queue.shift();
      if (happening) {
        busySince ??= performance.now();
        await take(transition(rules, state, {...happening, ...stamp()}), signal);
      } else {
        busySince = null;
        await new Promise<void>(resolve => {
          wake = resolve;
          if (signal.aborted || queue.length > 0) resolve();
        });
        wake = null;
      }
    }
  };

  return {
    dispatch,
    run,
    state: () => state,
    busyForMs: () => (busySince === null ? 0 : performance.now() - busySince),
  };
};

interface Writing {
  readonly journal: Journal;
  readonly next: State;
  readonly log: Log;
  readonly tried: () => void;
}

// A host that is out of traffic goes on without its journal rather than stay out; one that serves waits for the disk.
const writeAhead = async ({journal, next, log, tried}: Writing, signal: AbortSignal): Promise<void> => {
  for (let tries = 1; !signal.aborted; tries += 1) {
    tried();
    try {
      return await journal.write(next);
    } catch (error) {
      log.error(`the journal cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      if (next.out && tries >= JOURNAL_TRIES) return;
      await sleep(JOURNAL_PAUSE_MS, undefined, {signal}).catch(() => undefined);
    }
  }
};
