import {reasonText} from '../reason.ts';
import {type Release, shortRelease} from '../release.ts';
import type {State} from './state.ts';
import {attemptOf} from './step.ts';
import {isServing, whyNot} from './why.ts';

/** What the host does now, in one line: systemd's `STATUS=`, the log and `agentctl status` share it. */
export const describe = (state: State): string => {
  const why = whyNot(state);
  return why ? `${doing(state)}: ${reasonText(why)}` : doing(state);
};

/** What the host does now, without why. */
export const doing = (state: State): string => {
  const active = name(state.active?.release);
  const target = name(attemptOf(state)?.target.release);
  const meanwhile = isServing(state) ? ` while serving ${active}` : '';
  switch (state.phase) {
    case 'booting':
      return 'booting: choosing a release';
    case 'staging':
      return `staging ${target}${meanwhile}`;
    case 'waiting':
      return `waiting for a permit to activate ${target}${meanwhile}`;
    case 'draining':
      return state.step === 'leaving' ? 'leaving traffic' : 'out of traffic, draining requests in flight';
    case 'rolling-back':
      return `going back to ${target}`;
    case 'held':
      if (meanwhile !== '') return `held${meanwhile}`;
      return state.out ? 'held out of traffic' : 'held, with what ran here left as it is';
    case 'serving':
      return `serving ${active}`;
    case 'baking':
      return `serving ${target}, baking`;
    default:
      return `${{activating: 'activating', gating: 'waiting for the health gate of', rejoining: 'returning to traffic with'}[state.phase]} ${target}`;
  }
};

const name = (release: Release | undefined): string => (release ? shortRelease(release) : 'nothing');
