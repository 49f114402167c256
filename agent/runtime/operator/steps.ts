import type {Phase, Purpose, State} from '../../core/host/state.ts';
import {attemptOf} from '../../core/host/step.ts';

/** What this host did since its agent started, in numbers. */
export interface Steps {
  saw(next: State, before: State): void;
  /** how often it began to make a release the running one, by why */
  readonly attempts: ReadonlyMap<Purpose, number>;
  /** how long each phase took when it was left last, ms */
  readonly lastMs: ReadonlyMap<Phase, number>;
  /** since when it holds its permit, ms since the epoch; null without one. After a start: since it is in its phase. */
  permitSince(): number | null;
}

/** Counts steps as they are taken: nothing is done between them. */
export const createSteps = (first: State): Steps => {
  const attempts = new Map<Purpose, number>([
    ['boot', 0],
    ['update', 0],
    ['rollback', 0],
  ]);
  const lastMs = new Map<Phase, number>();
  let permitSince = first.permit === null ? null : first.since;
  return {
    saw: (next, before) => {
      const [attempt, last] = [attemptOf(next), attemptOf(before)];
      const isNew =
        attempt &&
        (attempt.purpose !== last?.purpose || attempt.target.generation !== last.target.generation);
      if (isNew) attempts.set(attempt.purpose, (attempts.get(attempt.purpose) ?? 0) + 1);
      if (next.phase !== before.phase) lastMs.set(before.phase, Math.max(0, next.since - before.since));
      if (next.permit === null) permitSince = null;
      else if (next.permit !== before.permit) permitSince = next.since;
    },
    attempts,
    lastMs,
    permitSince: () => permitSince,
  };
};
