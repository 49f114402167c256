import {backoffMs} from '../../backoff.ts';
import {newAttempt} from '../attempt/attempt.ts';
import {chooseBoot} from '../attempt/choose-boot.ts';
import {enterBooting, enterStaging} from '../attempt/enter.ts';
import type {BootView, Stamp} from '../event.ts';
import {withReading} from '../reading.ts';
import type {Rules} from '../rules.ts';
import type {In} from '../state.ts';
import {ignore, type Step, stay, timer} from '../step.ts';
import type {On} from './on.ts';

/** Nothing serves: find out what to boot, and keep asking until something can be. */
export const booting: On<'booting'> = (state, event, rules) => {
  switch (event.type) {
    case 'boot.seen':
      return choose(state, event.view, event, rules);
    case 'timer.fired':
      return lookAgain(state, event);
    case 'desired.read':
    case 'operator.retried':
      return state.blocked ? lookAgain(state, event) : stay(state);
    default:
      return ignore(state, event);
  }
};

const choose = (state: In<'booting'>, view: BootView, stamp: Stamp, rules: Rules): Step => {
  const seen = view.desired ? withReading(state, view.desired) : state;
  const choice = chooseBoot(seen, view);
  if (choice.ok) {
    const attempt = newAttempt(seen, {
      purpose: 'boot',
      release: choice.release,
      version: choice.version,
      result: 'unused',
    });
    return enterStaging(seen, attempt, stamp, rules);
  }
  const next = {...seen, blocked: choice.cause, tries: state.tries + 1};
  const capMs = view.settingUp ? 2_000 : 15_000;
  const afterMs = backoffMs({tries: state.tries, random: stamp.random, baseMs: 500, capMs});
  return stay(next, {type: 'log', level: 'warning', cause: choice.cause}, timer(next, 'retry', afterMs));
};

const lookAgain = (state: In<'booting'>, stamp: Stamp): Step => {
  const [next, effects] = enterBooting(state, stamp);
  const {since, tries, blocked} = state;
  return [{...next, since, ...(next.phase === 'booting' && {tries, blocked})}, effects];
};
