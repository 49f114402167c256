import {describe} from '../core/host/describe.ts';
import type {State} from '../core/host/state.ts';
import {type Reason, reasonText} from '../core/reason.ts';
import type {Notify} from '../host/notify.ts';
import type {StoreHealth} from './store-health.ts';

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
export const createReadiness = (notify: Notify, health: StoreHealth): Readiness => {
  let ready = false;
  let last: State | null = null;
  const extension = setInterval(() => notify.extendTimeout(AHEAD_MS), EVERY_MS);
  const stop = (): void => clearInterval(extension);
  const tell = (): void => {
    if (last) notify.status(withStore(describe(last, Date.now()), health.lost()));
  };
  health.onChange(tell);
  return {
    saw: state => {
      last = state;
      tell();
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

// A reason to wait that comes from the store says so already.
const withStore = (text: string, lost: Reason | null): string =>
  lost && !text.includes(reasonText(lost)) ? `${text}; ${reasonText(lost)}` : text;
