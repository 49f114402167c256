import type {Effect} from '../../core/host/effect.ts';
import type {Result} from '../../core/host/event.ts';
import type {Dispatch} from '../../core/host/event-input.ts';
import {type Reason, reason, reasonText} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';
import type {Log} from '../../ports.ts';
import type {Operation} from './executors.ts';

interface Parts {
  readonly execute: (operation: Operation, signal: AbortSignal) => Promise<Result | null>;
  readonly dispatch: Dispatch;
  /** Waits while the host shuts down: a deadline that is missed then is nobody's fault. */
  readonly waitOut: (cause: Reason, signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Effects {
  /** Starts the effects of a step. `left`: the step left a phase, so its timer and operations end first. */
  start(effects: readonly Effect[], left: boolean): void;
  /** Ends everything in flight. */
  stop(): void;
}

const PATIENCE_MS = 5_000;

/**
 * Runs effects. INVARIANTS: operations of one step run one after another; a newer step's operations wait until the
 * aborted older ones have ended, or for five seconds when those hang in the kernel; the result of an aborted operation
 * is never dispatched; there is one timer at a time.
 */
export const createEffects = ({execute, dispatch, waitOut, clock, log}: Parts): Effects => {
  const timer = createTimer({dispatch, waitOut, clock});
  let running = new AbortController();
  let tail: Promise<void> = Promise.resolve();

  const perform = async (operation: Operation, signal: AbortSignal): Promise<void> => {
    try {
      const result = await execute(operation, signal);
      if (result && !signal.aborted) dispatch(result);
    } catch (error) {
      if (!signal.aborted) log.error(`${operation.type}: ${String(error)}`);
    }
  };

  const performAll = async (operations: readonly Operation[], before: Promise<void>, signal: AbortSignal) => {
    await Promise.race([before, clock.sleep(PATIENCE_MS, signal)]);
    for (const operation of operations) if (!signal.aborted) await perform(operation, signal);
  };

  return {
    start: (effects, left) => {
      if (left) timer.stop();
      for (const effect of effects) startQuick(effect, timer, log);
      const operations = effects.filter(isOperation);
      if (!left && operations.length === 0) return;
      running.abort();
      running = new AbortController();
      tail = performAll(operations, tail, running.signal);
    },
    stop: () => {
      timer.stop();
      running.abort();
    },
  };
};

type SetTimer = Extract<Effect, {readonly type: 'timer.set'}>;

const createTimer = ({dispatch, waitOut, clock}: Pick<Parts, 'dispatch' | 'waitOut' | 'clock'>) => {
  let cancel = (): void => undefined;
  let over = new AbortController();
  const stop = (): void => {
    cancel();
    over.abort();
  };
  const fire = async ({timer: which, phase, generation}: SetTimer, signal: AbortSignal): Promise<void> => {
    if (which === 'deadline') await waitOut(reason('phase.late', {phase}), signal).catch(() => undefined);
    if (!signal.aborted) dispatch({type: 'timer.fired', timer: which, phase, generation});
  };
  const set = (effect: SetTimer): void => {
    stop();
    over = new AbortController();
    const {signal} = over;
    cancel = clock.after(effect.afterMs, () => void fire(effect, signal));
  };
  return {set, stop};
};

const startQuick = (effect: Effect, timer: ReturnType<typeof createTimer>, log: Log): void => {
  if (effect.type === 'timer.set') timer.set(effect);
  else if (effect.type === 'log') log[effect.level](reasonText(effect.cause));
  else if (effect.type === 'log.ignored') log.debug(`${effect.event} means nothing while ${effect.phase}`);
};

const isOperation = (effect: Effect): effect is Operation =>
  effect.type !== 'timer.set' && effect.type !== 'log' && effect.type !== 'log.ignored';
