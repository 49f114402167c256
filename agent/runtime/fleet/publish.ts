import {reasonOf} from '../../core/reason-error.ts';
import type {Clock} from '../../host/clock.ts';
import type {Presence} from '../../ports.ts';
import type {StoreHealth} from '../health/store.ts';

interface Parts {
  readonly presence: Presence;
  /** the document as it should be in the store now */
  readonly document: () => string;
  readonly health: StoreHealth;
  readonly clock: Clock;
}

export interface Publisher {
  /** The document may have changed: it is written soon, and again until the store has it. */
  touch(): void;
  run(signal: AbortSignal): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 10_000;

/** Keeps this host's document in the store equal to what the host says now, through every loss of the store. */
export const createPublisher = ({presence, document, health, clock}: Parts): Publisher => {
  let written: string | null = null;
  let wake: (() => void) | null = null;
  const touch = (): void => wake?.();

  presence.onLost(cause => {
    // a store that is known to be away loses it in the end
    if (!health.lost()) health.note('status', cause);
    written = null;
    touch();
  });

  const write = async (signal: AbortSignal): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!signal.aborted && written !== document()) {
      const wanted = document();
      try {
        if (await presence.set(wanted, signal)) {
          written = wanted;
          health.note('status', null);
          continue;
        }
      } catch (error) {
        if (!signal.aborted) health.note('status', reasonOf(error));
      }
      await clock.sleep(pauseMs * (0.5 + clock.random()), signal);
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    }
  };

  return {
    touch,
    run: async signal => {
      signal.addEventListener('abort', touch, {once: true});
      while (!signal.aborted) {
        await write(signal);
        await new Promise<void>(resolve => {
          wake = resolve;
          if (signal.aborted || written !== document()) resolve();
        });
      }
    },
  };
};
