/** Which requests a release lost by itself: those that went to its host while it was tried there. */
import type {Sample} from '../../lab/load.ts';
import type {Lane} from '../bad-input/lane.ts';

interface Trouble {
  /** HAProxy's name of the host */
  readonly server: string;
  readonly from: number;
  to: number;
}

const troubles: Trouble[] = [];

/** A request that began before the trouble may still be on its way when it does. */
const LONGEST_MS = 5_000;

/** Runs work in which a release may lose the requests that its own host takes. */
export const whileLossy = async <T>({instance}: Lane, work: () => Promise<T>): Promise<T> => {
  const trouble = {server: `i${instance.index}`, from: Date.now(), to: Number.POSITIVE_INFINITY};
  troubles.push(trouble);
  try {
    return await work();
  } finally {
    trouble.to = Date.now();
  }
};

/** The lost requests that no release can be blamed for. */
export const unexplained = (lost: readonly Sample[]): readonly Sample[] =>
  lost.filter(
    ({server, at, ms}) =>
      !troubles.some(each => each.server === server && at + ms >= each.from && at <= each.to + LONGEST_MS),
  );
