/**
 * The loop of one host: take an event, decide, journal, publish, act. INVARIANTS:
 * - one event at a time; the state is journalled before its effects begin, unless a host that is out of traffic would stay out;
 * - leaving a phase ends its timer and whatever it has in flight;
 * - it never waits for a disk that is full: what has to be durable is put off, at most one event of each type.
 */
import {describe, doing} from '../core/host/describe.ts';
import type {Effect} from '../core/host/effect.ts';
import type {Event, EventType, Stamp} from '../core/host/event.ts';
import type {Rules} from '../core/host/rules.ts';
import type {State} from '../core/host/state.ts';
import type {Step} from '../core/host/step.ts';
import {transition} from '../core/host/transition.ts';
import {unjournalled} from '../core/host/unjournalled.ts';
import {whyNot} from '../core/host/why.ts';
import {type Reason, reason} from '../core/reason.ts';
import type {Journal} from '../journal/journal.ts';
import type {Log} from '../ports.ts';
import type {Dispatch, Happening} from './happening.ts';
import type {JournalHealth} from './journal-health.ts';

export interface Agent {
  readonly dispatch: Dispatch;
  /** An operator's wish: null once it is journalled, or why it has no effect, now or later. Never rejects. */
  readonly wish: (happening: Happening) => Promise<Reason | null>;
  readonly state: () => State;
  /** Takes the first step and then event after event, until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** ms since the loop last went round while it had something to do; 0 when it is idle. For the watchdog. */
  readonly busyForMs: () => number;
}

interface Parts {
  readonly rules: Rules;
  /** the state before the first step */
  readonly before: State;
  /** from `recover` */
  readonly first: Step;
  readonly journal: Journal;
  readonly health: JournalHealth;
  readonly act: (effects: readonly Effect[], left: boolean) => void;
  readonly publish: (state: State, before: State) => void;
  readonly log: Log;
}

/** Told what became of a wish; gives false when nobody waits any more, so that it must not take effect. */
type Answer = (cause: Reason | null) => boolean;

interface Queued {
  readonly happening: Happening;
  readonly answer?: Answer;
}

const RETRY_MS = 1_000;
const WISH_MS = 10_000;

/** The moment of an event. */
export const stamp = (): Stamp => ({now: Date.now(), random: Math.random()});

/** Makes the loop. `act` starts effects and does not wait for them; their results come back through `dispatch`. */
export const createAgent = ({rules, before, first, journal, health, act, publish, log}: Parts): Agent => {
  let state = first[0];
  let busySince: number | null = null;
  let wake: (() => void) | null = null;
  let retryAt = 0;
  const queue: Queued[] = [];
  const putOff = new Map<EventType, Happening>();

  const add = (queued: Queued): void => {
    queue.push(queued);
    wake?.();
  };

  const isJournalled = async (next: State): Promise<boolean> => {
    retryAt = performance.now() + RETRY_MS;
    try {
      await journal.write(next);
      health.note(null);
      return true;
    } catch (error) {
      health.note(error);
      return false;
    }
  };

  const take = ([next, effects]: Step, last: State = state): void => {
    state = next;
    const left = last.phase !== next.phase || last.generation !== next.generation;
    act(effects, left);
    const isAnother = next.phase === 'waiting' && whyNot(next)?.kind !== whyNot(last)?.kind;
    if (left || isAnother || doing(next) !== doing(last))
      log.info(describe(next), {phase: next.phase, generation: next.generation});
    if (next !== last) publish(next, last);
  };

  const goOnWithout = async (step: Step): Promise<void> => {
    await journal.keep(step[0]);
    take(step);
  };

  const handle = async ({happening, answer}: Queued): Promise<void> => {
    putOff.delete(happening.type);
    const event: Event = {...happening, ...stamp()};
    const step = transition(rules, state, event);
    const isDurable = step[0] === state || (await isJournalled(step[0]));
    const isHeard = answer?.(isDurable ? null : health.lost()) ?? true;
    if (!isHeard) return void (await isJournalled(state)); // as it was: it must not take effect at the next start either
    if (isDurable) return take(step);
    const instead = unjournalled(state, event);
    if (instead === 'go') await goOnWithout(step);
    else if (instead === 'wait') putOff.set(happening.type, happening);
    else if (instead !== 'refuse') await goOnWithout([instead, []]);
  };

  const rest = async (signal: AbortSignal): Promise<void> => {
    busySince = null;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>(resolve => {
      wake = resolve;
      if (health.lost()) timer = setTimeout(resolve, Math.max(0, retryAt - performance.now()));
      if (signal.aborted || queue.length > 0) resolve();
    });
    clearTimeout(timer);
    wake = null;
  };

  // What was put off comes before what happened since.
  const resume = (): void => {
    queue.unshift(...[...putOff.values()].map(happening => ({happening})));
    putOff.clear();
  };

  const goRound = async (signal: AbortSignal): Promise<void> => {
    const queued = queue.shift();
    const isDue = health.lost() !== null && performance.now() >= retryAt;
    if (queued || isDue) busySince = performance.now();
    if (queued) await handle(queued);
    else if (isDue) await isJournalled(state);
    else await rest(signal);
    if (!health.lost() && putOff.size > 0) resume();
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    signal.addEventListener('abort', () => wake?.(), {once: true});
    if (!(await isJournalled(first[0]))) await journal.keep(first[0]);
    take(first, before);
    while (!signal.aborted) await goRound(signal);
  };

  return {
    dispatch: happening => add({happening}),
    wish: happening => answered(answer => add({happening, answer}), health),
    run,
    state: () => state,
    busyForMs: () => (busySince === null ? 0 : performance.now() - busySince),
  };
};

/** Asks, and waits for the answer, but not for ever: whoever answers later is told that nobody listens any more. */
const answered = (ask: (answer: Answer) => void, health: JournalHealth): Promise<Reason | null> =>
  new Promise(resolve => {
    let isOver = false;
    const answer: Answer = cause => {
      clearTimeout(late);
      const isHeard = !isOver;
      isOver = true;
      resolve(cause);
      return isHeard;
    };
    const since = new Date().toISOString();
    const slow = reason('journal.unwritable', {since, cause: 'the disk does not answer'});
    const late = setTimeout(() => answer(health.lost() ?? slow), WISH_MS);
    ask(answer);
  });
