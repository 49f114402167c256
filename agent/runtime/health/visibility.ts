import type {State} from '../../core/host/state.ts';
import {isServing} from '../../core/host/why.ts';
import {pause} from '../../host/pause.ts';
import type {Traffic} from '../../ports.ts';

interface Parts {
  readonly traffic: Traffic;
  readonly state: () => State;
  readonly changed: () => void;
  readonly everyMs?: number;
}

export interface Visibility {
  /** Whether those who send traffic can know that this host, which serves, is in traffic. */
  isVisible(): boolean;
  /** The state is another one. */
  saw(): void;
  run(signal: AbortSignal): Promise<void>;
}

const EVERY_MS = 1_000;

/**
 * A host returns to traffic without the store's servers. That it is back may then be known late: until then it does not
 * count as one that serves, so that the fleet does not take another host out meanwhile. Asks only after a return.
 */
export const createVisibility = ({traffic, state, changed, everyMs = EVERY_MS}: Parts): Visibility => {
  let isKnown = false;
  let wake: (() => void) | null = null;
  const isDue = (): boolean => !isKnown && isServing(state());

  const ask = async (signal: AbortSignal): Promise<boolean> => {
    try {
      return (await traffic.visible?.(signal)) ?? true;
    } catch {
      return false;
    }
  };
  return {
    isVisible: () => isKnown,
    saw: () => {
      if (!isServing(state())) isKnown = false;
      else if (!isKnown) wake?.();
    },
    run: async signal => {
      signal.addEventListener('abort', () => wake?.(), {once: true});
      while (!signal.aborted) {
        if (!isDue()) {
          await new Promise<void>(resolve => {
            wake = resolve;
            if (signal.aborted || isDue()) resolve();
          });
        } else if (await ask(signal)) {
          isKnown = isServing(state());
          if (isKnown) changed();
        } else await pause(everyMs, signal);
      }
    },
  };
};
