import {toTurn} from '../../../core/fleet/failure/revert.ts';
import type {Ledger} from '../../../core/fleet/ledger.ts';
import type {HostStatus} from '../../../core/host/status.ts';
import type {Keys} from '../../../core/keys.ts';
import type {Clock} from '../../../host/clock.ts';
import type {Store} from '../../../ports.ts';
import {createRepeats} from './repeats.ts';
import {callBack} from './wake.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly clock: Clock;
}

export interface Turning {
  /** Calls hosts that have, or prepare, a release that the fleet takes back; one that does not hear is called again. Gives how many there are. */
  wake(ledger: Ledger, hosts: readonly HostStatus[], signal: AbortSignal): Promise<number>;
}

const AGAIN_MS = 15_000;

/** Turns the hosts of a fleet round when a rollout is taken back: each is told by its own call, and reads the notice then. */
export const createTurning = ({store, keys, clock}: Parts): Turning => {
  const turnOf = createRepeats<string>({clock, everyMs: AGAIN_MS, first: 'now'});
  return {
    wake: async (ledger, hosts, signal) => {
      const behind = toTurn(ledger, hosts).map(({instance}) => instance);
      await callBack({store, keys, clock}, [...turnOf(behind)], signal);
      return behind.length;
    },
  };
};
