/** Names for what a journal says, so that the same step of another run can be met again. */
import type {State} from '../../../agent/core/host/state.ts';
import type {Holder, Moment} from '../../lab/instance/hold.ts';

/** A journey of one host; `boot` is the first one of a new instance, `reboot` one that served before. */
export const JOURNEYS = ['boot', 'reboot', 'update', 'rollback'] as const;
export type Journey = (typeof JOURNEYS)[number];

/** `midway`: its effects are under way. */
export type When = Moment | 'midway';

export type Victim = 'agent' | 'instance' | 'reboot';

export interface Row {
  readonly journey: Journey;
  /** what the journal holds */
  readonly step: string;
  /** the step before it, by which it is known from one that ended the journey before */
  readonly after: string | null;
  readonly when: When;
  readonly victim: Victim;
}

/** What tells one journalled state of a journey from the others. */
export const stepOf = (state: State): string =>
  [
    state.phase,
    'step' in state ? state.step : '',
    'attempt' in state ? `for the ${state.attempt.purpose}` : '',
    'blocked' in state && state.blocked ? `blocked by ${state.blocked.kind}` : '',
    'tries' in state && state.tries > 0 ? 'again' : '',
    state.strange ? 'beside something strange' : '',
  ]
    .filter(Boolean)
    .join(' ');

/** The steps that a host journals on a journey, in order and without repetition. */
export const stepsDuring = async (
  holder: Holder,
  journey: () => Promise<unknown>,
): Promise<readonly string[]> => {
  const seen = new Set<string>();
  const stop = holder.watch(({moment, state}) => {
    if (moment === 'written' && state) seen.add(stepOf(state));
  });
  await journey();
  stop();
  return [...seen];
};
