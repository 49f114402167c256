import {describe} from '../../core/host/describe.ts';
import type {State} from '../../core/host/state.ts';
import {attemptOf} from '../../core/host/step.ts';
import {releaseId} from '../../core/release.ts';
import type {Notify} from '../../host/systemd/notify.ts';
import type {History} from '../../journal/history.ts';
import type {Log} from '../../ports.ts';
import type {Problems} from '../health/problems.ts';
import {createReadiness} from './readiness.ts';

interface Parts {
  readonly notify: Notify;
  readonly problems: Problems;
  readonly history: History;
  readonly touch: () => void;
  readonly log: Log;
}

export interface Recorder {
  /** Tells everyone who wants to know that the host is in another state. */
  publish(state: State, before: State): void;
  /** Tells the service manager what is in the way now. */
  refresh(): void;
  stop(): void;
}

/** Tells the service manager, the store and the history of every new state. */
export const createRecorder = ({notify, problems, history, touch, log}: Parts): Recorder => {
  const readiness = createReadiness({notify, problems});
  let lost: string | null = null;
  const note = (cause: string | null): void => {
    if (cause === lost) return;
    lost = cause;
    if (cause === null) log.info('the history is written again');
    else log.warning(`the history is not written: ${cause}`);
  };
  return {
    publish: (state, before) => {
      readiness.saw(state);
      touch();
      if (state.phase === before.phase && state.generation === before.generation) return;
      const release = attemptOf(state)?.target.release ?? state.active?.release;
      const line = {
        at: state.since,
        text: describe(state),
        phase: state.phase,
        release: release ? releaseId(release) : null,
        generation: state.generation,
      };
      history.add(line).then(
        () => note(null),
        (error: unknown) => note(String(error)),
      );
    },
    refresh: readiness.refresh,
    stop: readiness.stop,
  };
};
