import type {State} from '../../core/host/state.ts';
import type {Reason} from '../../core/reason.ts';
import type {Log} from '../../ports.ts';
import {createTidy} from '../effects/cleanup.ts';
import type {Dispatch} from '../loop/event-input.ts';
import type {OpenHost} from '../open-host.ts';
import {createHealthWatch} from './health.ts';
import {createJournalHealth} from './journal.ts';
import {createTroubles} from './problems.ts';
import {createStoreHealth} from './store.ts';
import {createShown} from './visibility.ts';

interface Parts {
  readonly host: OpenHost;
  readonly state: () => State;
  readonly dispatch: Dispatch;
  /** something that is told of this host is another now */
  readonly changed: () => void;
  /** why this host begins nothing more; null for one that goes on */
  readonly departing: () => Reason | null;
  readonly log: Log;
}

/** Everything that notices what is wrong with this host besides its own state. */
export const createSenses = ({host, state, dispatch, changed, departing, log}: Parts) => {
  const {adapters, hindrances} = host;
  const journal = createJournalHealth(log);
  const store = createStoreHealth(host.store.name, log);
  const watch = createHealthWatch({gate: adapters.healthGate, state, changed, log});
  const tidy = createTidy({installers: Object.values(adapters.installers), log, changed});
  const shown = createShown({traffic: adapters.traffic, state, changed});
  const unhealthy = (): Reason | null => departing() ?? watch.unhealthy();
  const unable = (): Reason | null => departing() ?? journal.lost();
  const troubles = createTroubles({journal, hindrances, unhealthy, tidy, store});
  for (const source of [journal, hindrances, store]) source.onChange(changed);
  journal.onChange(() => {
    if (!journal.lost()) endPause(state(), dispatch);
  });
  return {journal, store, watch, tidy, shown, unhealthy, unable, troubles};
};

// What waits for its next try may have failed for the same disk.
const endPause = (state: State, dispatch: Dispatch): void => {
  const {phase, generation} = state;
  const isPreparing = (phase === 'booting' || phase === 'staging') && state.blocked !== null;
  if (isPreparing || phase === 'held') dispatch({type: 'timer.fired', timer: 'retry', phase, generation});
};
