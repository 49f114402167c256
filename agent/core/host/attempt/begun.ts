import {MAX_BEGUN, MAX_RESTARTS} from '../rules.ts';
import type {Begun, State} from '../state.ts';

/** `release`: it may have taken the host down, or found no room. `agent`: the agent ended and the host went on. */
type Ending = 'release' | 'agent';

/** Counts one more attempt at this desired version that ended without a verdict on its release. */
export const countEnding = <S extends State>(state: S, version: string, ending: Ending): S => {
  const {count, restarts} = begunOf(state, version);
  const begun =
    ending === 'release' ? {version, count: count + 1, restarts} : {version, count, restarts: restarts + 1};
  return {...state, begun};
};

/** True when it ended so often that it is not tried again: three times for the release, ten for the agent. */
export const isWornOut = (state: State, version: string): boolean => {
  const {count, restarts} = begunOf(state, version);
  return count >= MAX_BEGUN || restarts >= MAX_RESTARTS;
};

/** How often attempts at this desired version ended so, of either kind. */
export const endingsOf = (state: State, version: string): number => {
  const {count, restarts} = begunOf(state, version);
  return count + restarts;
};

const begunOf = ({begun}: State, version: string): Begun =>
  begun?.version === version ? begun : {version, count: 0, restarts: 0};
