import {doing} from '../../core/host/describe.ts';
import type {State} from '../../core/host/state.ts';
import {reasonText} from '../../core/reason.ts';
import type {Notify} from '../../host/systemd/notify.ts';
import type {Problems} from '../health/problems.ts';

export interface Readiness {
  /** Tells the service manager what this state means for it. */
  saw(state: State): void;
  /** Tells it what is in the way now. */
  refresh(): void;
  stop(): void;
}

interface Parts {
  readonly notify: Notify;
  readonly problems: Problems;
}

const EVERY_MS = 10_000;
const AHEAD_MS = 60_000;

/**
 * READY is said when the release is in its slot and about to be activated, so that units ordered after the agent find
 * it there; or as soon as something is in the way, so that a host that cannot boot a release still boots. Until then
 * the start may take longer, again and again.
 */
export const createReadiness = ({notify, problems}: Parts): Readiness => {
  let ready = false;
  let last: State | null = null;
  const extension = setInterval(() => notify.extendTimeout(AHEAD_MS), EVERY_MS);
  const stop = (): void => clearInterval(extension);
  const refresh = (): void => {
    if (!last) return;
    const texts = problems.of(last).map(reasonText);
    notify.status(texts.length === 0 ? doing(last) : `${doing(last)}: ${texts.join('; ')}`);
    if (ready || (isPreparing(last) && problems.journal() === null)) return;
    ready = true;
    stop();
    void notify.ready();
  };
  return {
    saw: state => {
      last = state;
      refresh();
    },
    refresh,
    stop,
  };
};

const isPreparing = (state: State): boolean =>
  (state.phase === 'booting' || (state.phase === 'staging' && state.attempt.purpose === 'boot')) &&
  state.blocked === null;
