/** Every moment at which a host on a journey can be struck. */
import type {Journey, Row, Victim, When} from './step.ts';

const WHEN: readonly When[] = ['written', 'midway', 'writing'];
const VICTIMS: readonly Victim[] = ['agent', 'instance', 'reboot'];

/** All rows of one journey, from the steps it was seen to make. On its way to a rollback a host updates: that is another journey. */
export const rowsOf = (journey: Journey, steps: readonly string[]): readonly Row[] => {
  const own =
    journey === 'rollback' ? steps.slice(steps.findIndex(step => step.startsWith('rolling-back'))) : steps;
  return own.flatMap((step, place) =>
    WHEN.filter(when => when !== 'writing' || place < own.length - 1).flatMap(when =>
      VICTIMS.map(victim => ({journey, step, after: own[place - 1] ?? null, when, victim})),
    ),
  );
};

const WHO: {readonly [V in Victim]: string} = {
  agent: 'kill -9 of the agent',
  instance: 'kill -9 of the instance',
  reboot: 'a clean reboot',
};

const AT: {readonly [W in When]: (step: string) => string} = {
  written: step => `when the journal says "${step}"`,
  midway: step => `in the middle of "${step}"`,
  writing: step => `when what comes after "${step}" is to be written`,
};

/** What a row does, in words. */
export const textOf = ({journey, step, when, victim}: Row): string =>
  `${journey}: ${WHO[victim]} ${AT[when](step)}`;
