/** Which requests nobody can be blamed for: those that went to a host while its release died there, or its power was cut. */
import type {Sample} from '../lab/application/load.ts';
import type {Lane} from './bad-input/lane.ts';

interface Problem {
  /** HAProxy's name of the host */
  readonly server: string;
  readonly from: number;
  to: number;
}

const problems: Problem[] = [];

/** A request that began before the problem may still be on its way when it does. */
const LONGEST_MS = 5_000;

/** Runs work in which this host may lose the requests that it takes. */
export const whileLossy = async <T>({instance}: Lane, work: () => Promise<T>): Promise<T> => {
  const problem = {server: `i${instance.index}`, from: Date.now(), to: Number.POSITIVE_INFINITY};
  problems.push(problem);
  try {
    return await work();
  } finally {
    problem.to = Date.now();
  }
};

/** The lost requests that no host's problem explains. HAProxy names no host where it hung up because the host did. */
export const unexplained = (lost: readonly Sample[]): readonly Sample[] =>
  lost.filter(
    ({server, text, at, ms}) =>
      !problems.some(
        each =>
          (server === each.server || (server === '' && text === 'socket hang up')) &&
          at + ms >= each.from &&
          at <= each.to + LONGEST_MS,
      ),
  );
