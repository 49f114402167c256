import {describe} from '../core/host/describe.ts';
import type {State} from '../core/host/state.ts';
import type {Notify} from '../host/notify.ts';

export interface Readiness {
  /** Tells the service manager what this state means for it. */
  saw(state: State): void;
  stop(): void;
}

const EVERY_MS = 10_000;
const AHEAD_MS = 60_000;

/**
 * READY is said when the release is in its slot and about to be activated, so that units ordered after the agent find
 * it there; or as soon as something is in the way, so that a host that cannot boot a release still boots. Until then
 * the start may take longer, again and again.
 */
export const createReadiness = (notify: Notify): Readiness => {
  let ready = false;
  const extension = setInterval(() => notify.extendTimeout(AHEAD_MS), EVERY_MS);
  const stop = (): void => clearInterval(extension);
  return {
    saw: state => {
      notify.status(describe(state, Date.now()));
      if (ready || isPreparing(state)) return;
      ready = true;
      stop();
      void notify.ready();
    },
    stop,
  };
};

const isPreparing = (state: State): boolean =>
  (state.phase === 'booting' || (state.phase === 'staging' && state.attempt.purpose === 'boot')) &&
  state.blocked === null;
