import {unheard} from '../../../core/fleet/call/call.ts';
import type {HostStatus} from '../../../core/host/status.ts';
import type {Keys} from '../../../core/keys.ts';
import type {Clock} from '../../../host/clock.ts';
import type {Store} from '../../../ports.ts';
import {createRepeats} from './repeats.ts';
import {callHolders, type WrittenLedger} from './wake.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly clock: Clock;
}

export interface Ringing {
  /** Calls hosts again that have a permit and have not said so for a while. Gives how many have not. */
  again(written: WrittenLedger, hosts: readonly HostStatus[], signal: AbortSignal): Promise<number>;
}

const AGAIN_MS = 15_000;

/** Calls until it is heard: a call is lost with a store that is restored, or when its host could not ask the ledger just then. */
export const createRinging = (parts: Parts): Ringing => {
  // one that is new here was called with its grant, or when this host began to coordinate
  const turnOf = createRepeats<number>({clock: parts.clock, everyMs: AGAIN_MS, first: 'later'});
  return {
    again: async (written, hosts, signal) => {
      const deaf = unheard(written.ledger.permits, hosts);
      const due = turnOf(deaf.map(({fence}) => fence));
      await callHolders(parts, {...written, permits: deaf.filter(({fence}) => due.has(fence))}, signal);
      return deaf.length;
    },
  };
};
