import type {Dispatch} from '../../core/host/event-input.ts';
import type {State} from '../../core/host/state.ts';
import type {Reason} from '../../core/reason.ts';
import type {Clock} from '../../host/clock.ts';
import type {Log, Store} from '../../ports.ts';
import {createCleanup} from '../effects/cleanup.ts';
import type {Adapters} from '../effects/stages.ts';
import type {Blockers} from './blockers.ts';
import {createDiskWatch} from './disk.ts';
import {createHealthWatch} from './health.ts';
import {createJournalHealth} from './journal.ts';
import {createProblems} from './problems.ts';
import {createStoreHealth} from './store.ts';
import {createVisibility} from './visibility.ts';

interface Parts {
  readonly host: {readonly adapters: Adapters; readonly blockers: Blockers; readonly store: Store};
  readonly stateDir: string;
  readonly state: () => State;
  readonly dispatch: Dispatch;
  /** something that is told of this host is another now */
  readonly changed: () => void;
  /** why this host begins nothing more; null for one that goes on */
  readonly shuttingDown: () => Reason | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** Everything that notices what is wrong with this host besides its own state. */
export const createMonitors = (parts: Parts) => {
  const {host, stateDir, state, dispatch, changed, shuttingDown, clock, log} = parts;
  const {adapters, blockers} = host;
  const journal = createJournalHealth(log, clock);
  const store = createStoreHealth(host.store.name, log);
  const watch = createHealthWatch({gate: adapters.healthGate, state, changed, clock, log});
  const cleanup = createCleanup({installers: Object.values(adapters.installers), log, changed});
  const disk = createDiskWatch({stateDir, dispatch});
  const visibility = createVisibility({traffic: adapters.traffic, state, changed});
  const unhealthy = (): Reason | null => shuttingDown() ?? watch.unhealthy();
  const unable = (): Reason | null => shuttingDown() ?? journal.lost();
  const problems = createProblems({journal, blockers, unhealthy, hidden: visibility.cause, cleanup, store});
  for (const source of [journal, blockers, store]) source.onChange(changed);
  journal.onChange(() => {
    if (!journal.lost()) endPause(state(), dispatch);
  });
  return {journal, disk, store, watch, cleanup, visibility, unhealthy, unable, problems};
};

// What waits for its next try may have failed for the same disk.
const endPause = (state: State, dispatch: Dispatch): void => {
  const {phase, generation} = state;
  const isPreparing = (phase === 'booting' || phase === 'staging') && state.blocked !== null;
  if (isPreparing || phase === 'held') dispatch({type: 'timer.fired', timer: 'retry', phase, generation});
};
