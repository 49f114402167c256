import type {Clock} from '../host/clock.ts';
import type {Log} from '../ports.ts';

interface Parts {
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  readonly log: Pick<Log, 'debug'>;
  /** V8's own unless told; null where there is none */
  readonly collect?: (() => unknown) | null;
}

export interface Garbage {
  /** The host does something. */
  saw(): void;
  stop(): void;
}

/** Longer than the process that asks EC2 is kept. */
const REST_MS = 30_000;

/** There with `--expose-gc`, as the unit has it. As for the last resort, what was compiled for an update goes, too: 40 ms. */
const {gc} = globalThis;
const collectAll = gc ? () => gc({type: 'major', execution: 'sync', flavor: 'last-resort'}) : null;

/**
 * Collects the garbage of an update once the host has been at rest for a while. An agent that is idle allocates too little for V8 to do it
 * by itself: what an update took stays until the next one.
 */
export const createGarbage = ({clock, log, collect = collectAll}: Parts): Garbage => {
  let cancel = (): void => undefined;
  const work = (): void => {
    const began = clock.elapsed();
    collect?.();
    log.debug(`garbage was collected in ${Math.round(clock.elapsed() - began)} ms`);
  };
  return {
    saw: () => {
      cancel();
      if (collect) cancel = clock.after(REST_MS, work);
    },
    stop: () => cancel(),
  };
};
