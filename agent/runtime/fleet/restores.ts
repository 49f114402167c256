import type {Restored} from '../../core/fleet/plan.ts';
import {utcText} from '../../core/utc.ts';
import type {Log} from '../../ports.ts';

interface Seen {
  /** the ledger's last fence */
  readonly fence: number;
  /** ms since the epoch */
  readonly now: number;
}

export interface Restores {
  /** Told of every ledger that was read or written. Null while none was older than one before. */
  note(seen: Seen): Restored | null;
}

/** A host looks about every 15 s whether the store still has what it told; it is late now and then. */
const RECOVER_MS = 60_000;

/** Notices a store that was restored from an older snapshot: fences only grow, so a lower one than before tells. */
export const createRestores = ({log}: {readonly log: Log}): Restores => {
  let highest = 0;
  let until: number | null = null;
  return {
    note: ({fence, now}) => {
      if (fence < highest) {
        until = now + RECOVER_MS;
        log.warning(
          `the ledger ends with fence ${fence}, and ${highest} was given: the store was restored. Nobody gets a permit until ${utcText(until)}`,
        );
      }
      highest = Math.max(highest, fence);
      return until === null ? null : {fence: highest, until};
    },
  };
};
