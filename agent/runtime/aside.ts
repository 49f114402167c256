import {reasonText} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import type {Log} from '../ports.ts';

/** Does work that keeps nothing back. Never throws: a failure is said once, as `what` and why, and again when it went well in between. */
export const createAside = (log: Log, what: string) => {
  let isTold = false;
  return async (work: () => Promise<void>, signal: AbortSignal): Promise<void> => {
    try {
      await work();
      isTold = false;
    } catch (error) {
      if (!isTold && !signal.aborted) log.warning(`${what}: ${reasonText(reasonOf(error))}`);
      isTold = true;
    }
  };
};
