import type {State} from '../../core/host/state.ts';
import type {Log} from '../../ports.ts';
import {createEffects} from '../effects/effects.ts';
import type {createExecutor} from '../effects/executors.ts';
import type {JournalHealth} from '../health/journal.ts';
import type {OpenHost} from '../open-host.ts';
import {type Agent, createAgent} from './agent.ts';
import type {Dispatch} from './event-input.ts';

interface Parts {
  readonly host: OpenHost;
  readonly health: JournalHealth;
  readonly execute: ReturnType<typeof createExecutor>;
  readonly publish: (state: State, before: State) => void;
  readonly dispatch: Dispatch;
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
export const createLoop = ({host, health, execute, publish, dispatch, log}: Parts): Loop => {
  const {rules, before, first, journal} = host;
  const effects = createEffects({execute, dispatch, log});
  const agent = createAgent({rules, before, first, journal, health, act: effects.start, publish, log});
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
