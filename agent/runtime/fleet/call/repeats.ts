import type {Clock} from '../../../host/clock.ts';

interface Parts {
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly everyMs: number;
  /** whether one that is new waits for its first time, because somebody else sees to that */
  readonly first: 'now' | 'later';
}

/** Gives whose turn it is of those that are not done yet: each again after a while, until it is not among them any more. */
export const createRepeats = <K>({clock, everyMs, first}: Parts) => {
  let last: ReadonlyMap<K, number> = new Map();
  return (waiting: readonly K[]): ReadonlySet<K> => {
    const now = clock.elapsed();
    const unknown = first === 'now' ? now - everyMs : now;
    const due = new Set(waiting.filter(each => now - (last.get(each) ?? unknown) >= everyMs));
    last = new Map(waiting.map(each => [each, due.has(each) ? now : (last.get(each) ?? now)] as const));
    return due;
  };
};
