import {permitCall, revertCall} from '../../../core/fleet/call/call.ts';
import type {Ledger, Permit} from '../../../core/fleet/ledger.ts';
import type {Keys} from '../../../core/keys.ts';
import type {Clock} from '../../../host/clock.ts';
import type {Store} from '../../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly clock: Pick<Clock, 'now'>;
}

/** The ledger as it is in the store, and its version there. */
export interface WrittenLedger {
  readonly ledger: Ledger;
  readonly version: string;
}

const AT_ONCE = 16;

/** Calls the hosts that have these permits, which are in the ledger of this version. */
export const callHolders = (
  parts: Parts,
  {ledger, version, permits}: WrittenLedger & {readonly permits: readonly Permit[]},
  signal: AbortSignal,
): Promise<void> => {
  const callOf = (permit: Permit) => permitCall(permit, ledger, version, parts.clock.now());
  return call(
    parts,
    permits.map(permit => [permit.host, callOf(permit)] as const),
    signal,
  );
};

/** Calls the hosts that are to turn round. */
export const callBack = (parts: Parts, hosts: readonly string[], signal: AbortSignal): Promise<void> =>
  call(
    parts,
    hosts.map(host => [host, revertCall(parts.clock.now())] as const),
    signal,
  );

// Several at a time: there may be hundreds, and no plan is made meanwhile.
const call = async (
  {store, keys}: Parts,
  calls: readonly (readonly [host: string, value: string])[],
  signal: AbortSignal,
): Promise<void> => {
  for (let n = 0; n < calls.length && !signal.aborted; n += AT_ONCE) {
    const some = calls.slice(n, n + AT_ONCE);
    await Promise.all(some.map(([host, value]) => store.put(keys.call(host), value, 'any', signal)));
  }
};
