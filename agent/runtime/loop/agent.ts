/**
 * The loop of one host: take an event, decide, journal, publish, act. INVARIANTS:
 * - one event at a time; the state is journalled before its effects begin, unless a host that is out of traffic would stay out;
 * - leaving a phase ends its timer and whatever it has in flight;
 * - it never waits for a disk that is full: what has to be durable is put off, at most one event of each type.
 */
import {describe, doing} from '../../core/host/describe.ts';
import type {Effect} from '../../core/host/effect.ts';
import type {Event, Stamp} from '../../core/host/event.ts';
import type {Dispatch, EventInput} from '../../core/host/event-input.ts';
import type {Rules} from '../../core/host/rules.ts';
import type {State} from '../../core/host/state.ts';
import type {Step} from '../../core/host/step.ts';
import {transition} from '../../core/host/transition.ts';
import {unjournalled} from '../../core/host/unjournalled.ts';
import {whyNot} from '../../core/host/why.ts';
import type {Reason} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';
import type {Journal} from '../../journal/journal.ts';
import type {Log} from '../../ports.ts';
import type {JournalHealth} from '../health/journal.ts';
import {answered} from './answer.ts';
import {createDurable} from './durable.ts';
import {createInbox, type Queued} from './inbox.ts';

export interface Agent {
  readonly dispatch: Dispatch;
  /** An operator's request: null once it is journalled, or why it has no effect, now or later. Never rejects. */
  readonly request: (input: EventInput) => Promise<Reason | null>;
  readonly state: () => State;
  /** Takes the first step and then event after event, until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends the loop for good once the event it handles is done; gives the last state. */
  halt(): Promise<State>;
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
  readonly clock: Clock;
  readonly log: Log;
}

/** The moment of an event. */
export const stamp = ({now, random}: Clock): Stamp => ({now: now(), random: random()});

/** Makes the loop. `act` starts effects and does not wait for them; their results come back through `dispatch`. */
export const createAgent = (parts: Parts): Agent => {
  const {rules, before, first, journal, health, clock} = parts;
  const inbox = createInbox(clock);
  const durable = createDurable(journal, health, clock);
  let state = first[0];
  let busySince: number | null = null;
  const halted = new AbortController();
  let ended: Promise<void> = Promise.resolve();

  const take = (step: Step, last: State = state): void => {
    state = step[0];
    carryOut(parts, step, last);
  };

  const goOnWithout = async (step: Step): Promise<void> => {
    await durable.keep(step[0]);
    take(step);
  };

  const handle = async ({input, answer}: Queued): Promise<void> => {
    const event: Event = {...input, ...stamp(clock)};
    const step = transition(rules, state, event);
    const isDurable = step[0] === state || (await durable.write(step[0]));
    const isHeard = answer?.(isDurable ? null : health.lost()) ?? true;
    if (!isHeard) return void (await durable.write(state)); // as it was: it must not take effect at the next start either
    if (isDurable) return take(step);
    const instead = unjournalled(state, event);
    if (instead === 'go') await goOnWithout(step);
    else if (instead === 'wait') inbox.putOff(input);
    else if (instead !== 'refuse') await goOnWithout([instead, []]);
  };

  const goRound = async (signal: AbortSignal): Promise<void> => {
    const queued = inbox.next();
    const retryMs = durable.retryMs();
    busySince = queued || retryMs === 0 ? clock.elapsed() : null;
    if (queued) await handle(queued);
    else if (retryMs === 0) await durable.write(state);
    else await inbox.rest(retryMs, signal);
    if (!health.lost()) inbox.resume();
  };

  const go = async (signal: AbortSignal): Promise<void> => {
    if (!(await durable.write(first[0]))) await durable.keep(first[0]);
    take(first, before);
    while (!signal.aborted) await goRound(signal);
    busySince = null;
  };

  return {
    dispatch: input => inbox.add({input}),
    request: input => answered(answer => inbox.add({input, answer}), health, clock),
    run: signal => {
      ended = go(AbortSignal.any([signal, halted.signal]));
      return ended;
    },
    halt: async () => {
      halted.abort();
      await ended;
      return state;
    },
    state: () => state,
    busyForMs: () => (busySince === null ? 0 : clock.elapsed() - busySince),
  };
};

/** Starts the effects of a step that was taken, and tells of it. */
const carryOut = ({act, publish, log}: Parts, [next, effects]: Step, last: State): void => {
  const left = last.phase !== next.phase || last.generation !== next.generation;
  act(effects, left);
  const isAnother = next.phase === 'waiting' && whyNot(next)?.kind !== whyNot(last)?.kind;
  if (left || isAnother || doing(next) !== doing(last))
    log.info(describe(next), {phase: next.phase, generation: next.generation});
  if (next !== last) publish(next, last);
};
