import {backoffMs} from '../core/host/rules.ts';
import {type Reason, reason, reasonText} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import type {Installer, Log, Slot} from '../ports.ts';
import {pause} from './look.ts';

interface Parts {
  readonly installers: readonly Installer[];
  readonly log: Log;
  readonly changed: () => void;
  /** the first pause before another try */
  readonly baseMs?: number;
}

export interface Tidy {
  /** Removes every slot but those kept. What fails is tried again and again in the background, until the signal is aborted. */
  prune(keep: readonly Slot[], signal: AbortSignal): Promise<void>;
  /** why slots that nothing needs are still there; null when none is */
  left(): Reason | null;
}

const BASE_MS = 5_000;
const CAP_MS = 300_000;

/** Clears away what no kept release needs. It keeps nothing waiting: what is in the way is told, and tried again ever more slowly. */
export const createTidy = ({installers, log, changed, baseMs = BASE_MS}: Parts): Tidy => {
  let left: Reason | null = null;

  const note = (cause: Reason | null): void => {
    const [before, after] = [left && reasonText(left), cause && reasonText(cause)];
    if (before === after) return;
    left = cause;
    if (after !== null) log.warning(`${after}; it is tried again by itself`);
    else log.info('old slots are removed now');
    changed();
  };

  const prune = async (keep: readonly Slot[], signal: AbortSignal): Promise<boolean> => {
    let cause: Reason | null = null;
    for (const installer of installers) {
      try {
        await installer.prune(keep, signal);
      } catch (error) {
        cause ??= reason('slots.left', {cause: reasonText(reasonOf(error))});
      }
      if (signal.aborted) return true;
    }
    note(cause);
    return cause === null;
  };

  const again = async (keep: readonly Slot[], signal: AbortSignal): Promise<void> => {
    for (let tries = 0; !signal.aborted; tries += 1) {
      await pause(backoffMs({tries, random: Math.random(), baseMs, capMs: CAP_MS}), signal);
      if (signal.aborted || (await prune(keep, signal))) return;
    }
  };

  return {
    prune: async (keep, signal) => {
      if (!(await prune(keep, signal))) void again(keep, signal);
    },
    left: () => left,
  };
};
