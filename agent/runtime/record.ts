import {describe} from '../core/host/describe.ts';
import type {State} from '../core/host/state.ts';
import {attemptOf} from '../core/host/step.ts';
import {releaseId} from '../core/release.ts';
import type {Notify} from '../host/notify.ts';
import type {History} from '../journal/history.ts';
import type {Log} from '../ports.ts';
import {createReadiness} from './readiness.ts';
import type {StoreHealth} from './store-health.ts';

interface Parts {
  readonly notify: Notify;
  readonly health: StoreHealth;
  readonly history: History;
  readonly touch: () => void;
  readonly log: Log;
}

export interface Recorder {
  /** Tells everyone who wants to know that the host is in another state. */
  publish(state: State, before: State): void;
  stop(): void;
}

/** Tells the service manager, the store and the history of every new state. */
export const createRecorder = ({notify, health, history, touch, log}: Parts): Recorder => {
  const readiness = createReadiness(notify, health);
  return {
    publish: (state, before) => {
      readiness.saw(state);
      touch();
      if (state.phase === before.phase && state.generation === before.generation) return;
      const release = attemptOf(state)?.target.release ?? state.active?.release;
      const line = {
        at: state.since,
        text: describe(state, state.since),
        phase: state.phase,
        release: release ? releaseId(release) : null,
        generation: state.generation,
      };
      history
        .add(line)
        .catch((error: unknown) => log.warning(`the history is not written: ${String(error)}`));
    },
    stop: readiness.stop,
  };
};
