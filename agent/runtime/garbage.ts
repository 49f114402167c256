import type {Clock} from '../host/clock.ts';
import type {Log} from '../ports.ts';

interface Parts {
  readonly clock: Pick<Clock, 'after' | 'elapsed'>;
  readonly log: Pick<Log, 'debug'>;
  /** V8's own unless told, which is there with `--expose-gc` only, as the unit has it */
  readonly collect?: (() => unknown) | null;
}

export interface Garbage {
  /** The host does something. */
  saw(): void;
  stop(): void;
}

/** Longer than the process that asks EC2 is kept. */
const REST_MS = 30_000;

/**
 * Collects the garbage of an update once the host has been at rest for a while. An agent that is idle allocates too little for V8 to do it
 * by itself: what an update took stays until the next one.
 */
export const createGarbage = ({clock, log, collect = globalThis.gc ?? null}: Parts): Garbage => {
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
