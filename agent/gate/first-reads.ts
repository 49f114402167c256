import {reasonText} from '../core/reason.ts';
import {ReasonError, reasonOf} from '../core/reason-error.ts';
import type {FirstReads, Gate, Log} from '../ports.ts';

interface Telling {
  readonly gate: Gate;
  readonly firstReads: FirstReads;
  /** the slot that the probes ask */
  readonly current: () => Promise<string | null>;
  readonly log: Log;
}

/** The gate, which says of a release that did not pass when its volume was slow because it was read for the first time. */
export const tellingFirstReads = ({gate, firstReads, current, log}: Telling): Gate => {
  const about = async <T>(ask: (slot: string) => Promise<T>, signal: AbortSignal): Promise<T | null> => {
    try {
      const slot = await current();
      return slot === null ? null : await ask(slot);
    } catch (error) {
      signal.throwIfAborted();
      log.warning('it is not known whether a volume is read for the first time', {
        cause: reasonText(reasonOf(error)),
      });
      return null;
    }
  };
  return {
    ...gate,
    pass: async (options, signal) => {
      try {
        await gate.pass(options, signal);
      } catch (error) {
        signal.throwIfAborted();
        const {kind, details} = reasonOf(error);
        if (kind !== 'gate.failed' || !(await about(firstReads.areSlow, signal))) throw error;
        throw new ReasonError({kind, details: {...details, volume: 'cold'}}, {cause: error});
      }
      await about(firstReads.over, signal);
    },
  };
};
