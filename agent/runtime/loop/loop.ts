import type {Dispatch} from '../../core/host/event-input.ts';
import type {Rules} from '../../core/host/rules.ts';
import type {State} from '../../core/host/state.ts';
import type {Step} from '../../core/host/step.ts';
import type {Clock} from '../../host/clock.ts';
import type {Journal} from '../../journal/journal.ts';
import type {Log} from '../../ports.ts';
import {createEffects} from '../effects/effects.ts';
import type {createExecutor} from '../effects/executors.ts';
import type {ShutdownGuard} from '../effects/shutdown-guard.ts';
import type {JournalHealth} from '../health/journal.ts';
import {type Agent, createAgent} from './agent.ts';

interface Parts {
  readonly rules: Rules;
  /** the state before the first step */
  readonly before: State;
  readonly first: Step;
  readonly journal: Journal;
  readonly health: JournalHealth;
  readonly execute: ReturnType<typeof createExecutor>;
  readonly publish: (state: State, before: State) => void;
  readonly dispatch: Dispatch;
  readonly waitOut: ShutdownGuard['waitOut'];
  readonly clock: Clock;
  readonly log: Log;
}

export interface Loop {
  readonly agent: Agent;
  /** Ends the loop and whatever it has in flight, for good; gives the last state. */
  halt(): Promise<State>;
  /** Ends what is in flight. */
  stop(): void;
}

/** The loop of this host and the effects of its steps. */
export const createLoop = ({health, execute, dispatch, waitOut, clock, log, ...parts}: Parts): Loop => {
  const effects = createEffects({execute, dispatch, waitOut, clock, log});
  const agent = createAgent({...parts, health, act: effects.start, clock, log});
  return {
    agent,
    halt: async () => {
      const state = await agent.halt();
      effects.stop();
      return state;
    },
    stop: effects.stop,
  };
};
