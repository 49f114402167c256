import {readingOf} from '../../core/desired.ts';
import type {BootView} from '../../core/host/event.ts';
import type {Keys} from '../../core/keys.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {parseRelease, type Release} from '../../core/release.ts';
import type {Clock} from '../../host/clock.ts';
import type {SettingUp} from '../../host/cloud-init.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import type {Store} from '../../ports.ts';
import {readLedgerFrom} from '../ledger.ts';
import type {LastDesired} from './last-desired.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly seed: Release | null;
  readonly settingUp: SettingUp;
  readonly lastDesired: LastDesired;
  readonly clock: Clock;
}

const DEADLINE_MS = 8_000;

/** Makes the look at the store a booting host takes: what is proven, denied and desired, or why nothing can be read. */
export const createBootView =
  ({store, keys, seed, settingUp, lastDesired, clock}: Parts) =>
  async (signal: AbortSignal): Promise<BootView> => {
    const early = await settingUp();
    const look = (until: AbortSignal) =>
      Promise.all([store.get(keys.desired, until), readLedgerFrom({store, keys}, until)]);
    const told = lastDesired.follow();
    try {
      const [entry, ledger] = await withTimeLimit({timeoutMs: DEADLINE_MS, clock}, look, signal);
      const denied = ledger.denied.map(parseRelease).filter(release => release !== undefined);
      const proven = (ledger.proven !== null && parseRelease(ledger.proven)) || null;
      return {
        reachable: true,
        proven,
        denied,
        desired: told() ?? readingOf(entry, keys.desired),
        seed,
        settingUp: early,
        cause: null,
      };
    } catch (error) {
      signal.throwIfAborted();
      return {
        reachable: false,
        proven: null,
        denied: [],
        desired: null,
        seed,
        settingUp: early,
        cause: reasonOf(error),
      };
    }
  };
