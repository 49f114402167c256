import {readNotice} from '../../core/fleet/call/notice.ts';
import {placeOf} from '../../core/fleet/order.ts';
import type {Turn} from '../../core/host/event.ts';
import type {Keys} from '../../core/keys.ts';
import type {Clock} from '../../host/clock.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import type {Store} from '../../ports.ts';
import {readLedgerFrom} from '../ledger.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly instance: string;
  readonly clock: Clock;
}

/** Nothing that is asked for waits longer to know how large the fleet is. */
const DEADLINE_MS = 2_000;

/**
 * This host's turn among all hosts that follow the same key. How many they are is in the notice, or in the ledger where there is none;
 * when it cannot be read, what it said last counts.
 */
export const createTurn = (parts: Parts): ((signal: AbortSignal) => Promise<Turn>) => {
  const {instance, clock} = parts;
  const place = placeOf(instance);
  let hosts = 0;
  return async signal => {
    try {
      hosts = await withTimeLimit({timeoutMs: DEADLINE_MS, clock}, until => readHosts(parts, until), signal);
    } catch {
      // A host that stages too early asks EC2 again until it is heard.
    }
    return {place, hosts};
  };
};

const readHosts = async (parts: Parts, signal: AbortSignal): Promise<number> => {
  const entry = await parts.store.get(parts.keys.notice, signal);
  const reading = entry && readNotice(entry.value);
  const told = reading?.ok ? reading.value : await readLedgerFrom(parts, signal);
  return told.hosts ?? 0;
};
