import type {State} from '../../core/host/state.ts';
import {isServing} from '../../core/host/why.ts';
import {type Reason, reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
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
  /** why it gets none, as it was found last; null for a host that is visible, or does not serve */
  cause(): Reason | null;
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
  let cause: Reason | null = null;
  let wake: (() => void) | null = null;
  const isDue = (): boolean => !isKnown && isServing(state());

  const ask = async (signal: AbortSignal): Promise<boolean> => {
    const found = (await traffic.hiddenBy?.(signal).catch(reasonOf)) ?? null;
    if (signal.aborted) return false;
    const isNews = (found && reasonText(found)) !== (cause && reasonText(cause));
    cause = found;
    if (isNews) changed();
    return found === null;
  };
  return {
    isVisible: () => isKnown,
    cause: () => (isServing(state()) ? cause : null),
    saw: () => {
      if (!isServing(state())) {
        isKnown = false;
        cause = null;
      } else if (!isKnown) wake?.();
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
