import type {Ledger} from '../../core/fleet/ledger.ts';
import type {Restored} from '../../core/fleet/plan.ts';
import {utcText} from '../../core/utc.ts';
import type {Log} from '../../ports.ts';

interface Seen {
  readonly ledger: Pick<Ledger, 'fence' | 'blocked'>;
  /** ms since the epoch */
  readonly now: number;
}

export interface Restores {
  /** Told of every ledger that was read or written. Null while none was older than one before. */
  note(seen: Seen): Restored | null;
}

/** A host looks about every 15 s whether the store still has what it told; it is late now and then. */
const RECOVER_MS = 60_000;
/** A coordinator that waits looks every 10 s. One that could not for so long has a store that did not answer: nobody told it anything. */
const SILENT_MS = 25_000;

/**
 * Notices a store that was restored from an older snapshot: fences only grow, so a lower one than before tells. The time that its
 * hosts get begins anew when the store did not answer meanwhile, and for another coordinator that finds them waiting for it.
 */
export const createRestores = ({log}: {readonly log: Log}): Restores => {
  let highest = 0;
  let until: number | null = null;
  let lastAt = Number.NEGATIVE_INFINITY;
  return {
    note: ({ledger: {fence, blocked}, now}) => {
      const isOlder = fence < highest;
      const isUnfinished = blocked?.kind === 'permit.restored' || (until !== null && until > lastAt);
      if (isOlder || (isUnfinished && now - lastAt > SILENT_MS)) {
        until = now + RECOVER_MS;
        const cause = isOlder
          ? `the ledger ends with fence ${fence}, and ${highest} was given: the store was restored`
          : 'the store was restored, and its hosts may not have told it yet what it forgot';
        log.warning(`${cause}. Nobody gets a permit until ${utcText(until)}`);
      }
      highest = Math.max(highest, fence);
      lastAt = now;
      return until === null ? null : {fence: highest, until};
    },
  };
};
