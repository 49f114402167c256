import type {Permit} from '../../core/fleet/ledger.ts';
import type {Keys} from '../../core/keys.ts';
import type {Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
}

const AT_ONCE = 16;

/** Wakes the hosts that have a permit. */
export const wakeHolders = (parts: Parts, permits: readonly Permit[], signal: AbortSignal): Promise<void> =>
  callHosts(
    parts,
    permits.map(({host, fence}) => [host, String(fence)] as const),
    signal,
  );

/** Writes the calls of hosts, several at a time: there may be hundreds, and no plan is made meanwhile. */
export const callHosts = async (
  {store, keys}: Parts,
  calls: readonly (readonly [host: string, value: string])[],
  signal: AbortSignal,
): Promise<void> => {
  for (let n = 0; n < calls.length && !signal.aborted; n += AT_ONCE) {
    const some = calls.slice(n, n + AT_ONCE);
    await Promise.all(some.map(([host, value]) => store.put(keys.call(host), value, 'any', signal)));
  }
};
