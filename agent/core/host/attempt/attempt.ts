import {type Release, sameRelease} from '../../release.ts';
import type {Activation, Attempt, OutcomeResult, Purpose, State} from '../state.ts';

interface NewAttempt {
  readonly purpose: Purpose;
  readonly release: Release;
  readonly version: string;
  readonly result: OutcomeResult;
}

/** A new attempt with the next generation. A release that is still in a slot of this host is taken from there. */
export const newAttempt = (state: State, {purpose, release, version, result}: NewAttempt): Attempt => {
  const generation = state.generation + 1;
  const known = [state.active, state.previous].find(activation => sameRelease(activation?.release, release));
  const slot = known?.slot ?? slotName(generation, release);
  return {purpose, target: {generation, release, slot}, version, tries: 0, cause: null, result};
};

/** Where a rollback of this attempt leads: the activation that served before it, or null when there was none. */
export const fallbackOf = (state: State, attempt: Attempt): Activation | null => {
  if (state.active && state.active.slot !== attempt.target.slot) return state.active;
  return state.previous && state.previous.slot !== attempt.target.slot ? state.previous : null;
};

const slotName = (generation: number, release: Release): string => {
  switch (release.kind) {
    case 'ebs':
      return `${generation}-${release.snapshot}`;
    case 'git':
      return `${generation}-${release.revision.slice(0, 12)}`;
    case 'archive':
      return `${generation}-${release.sha256.slice(0, 12)}`;
  }
};
