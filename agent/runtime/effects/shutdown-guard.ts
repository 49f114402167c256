import {setTimeout as sleep} from 'node:timers/promises';
import {type Reason, reasonText} from '../../core/reason.ts';
import {STOPPING} from '../../host/systemd/leave-unit.ts';
import type {Log} from '../../ports.ts';

interface Parts {
  /** systemd's word for what the whole host does */
  readonly systemState: (signal: AbortSignal) => Promise<string>;
  readonly log: Log;
  /** how often it is looked whether the host still shuts down, ms */
  readonly everyMs?: number;
}

export interface ShutdownGuard {
  /**
   * Gives back at once on a host that goes on. While it shuts down, systemd stops what the agent works with and starts nothing more:
   * what fails then says nothing about a release, so that this waits for the end of the agent, or of the shutdown.
   */
  waitOut(cause: Reason, signal: AbortSignal): Promise<void>;
}

const EVERY_MS = 2_000;

/** Knows whether the host shuts down. Where systemd cannot be asked (or is not there) it does not. */
export const createShutdownGuard = ({systemState, log, everyMs = EVERY_MS}: Parts): ShutdownGuard => ({
  waitOut: async (cause, signal) => {
    for (let told = false; (await stateOf(systemState, signal)) === STOPPING; told = true) {
      if (!told)
        log.warning(`the host is shutting down, which counts against no release: ${reasonText(cause)}`);
      await sleep(everyMs, undefined, {signal});
    }
  },
});

const stateOf = async (ask: Parts['systemState'], signal: AbortSignal): Promise<string | null> => {
  try {
    return await ask(signal);
  } catch {
    signal.throwIfAborted();
    return null;
  }
};
