import type {Permit} from '../../core/fleet/ledger.ts';
import type {Keys} from '../../core/keys.ts';
import type {Store} from '../../ports.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
}

const AT_ONCE = 16;

/** Wakes the hosts that have a permit, several at a time: there may be hundreds, and no plan is made meanwhile. */
export const wakeHolders = async (
  {store, keys}: Parts,
  permits: readonly Permit[],
  signal: AbortSignal,
): Promise<void> => {
  for (let n = 0; n < permits.length && !signal.aborted; n += AT_ONCE) {
    const some = permits.slice(n, n + AT_ONCE);
    await Promise.all(some.map(({host, fence}) => store.put(keys.call(host), String(fence), 'any', signal)));
  }
};
