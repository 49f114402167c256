import {type Reason, reason, reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {backoff, pause} from '../../host/pause.ts';
import type {Installer, Log, Slot} from '../../ports.ts';

interface Parts {
  readonly installers: readonly Installer[];
  readonly log: Log;
  readonly changed: () => void;
  /** the first pause before another try */
  readonly baseMs?: number;
  /** how long `prune` keeps its caller waiting */
  readonly patienceMs?: number;
  /** waits before another try */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

export interface Cleanup {
  /**
   * Removes every slot but those kept. What fails or takes long is left to the background, tried again and again until the
   * signal is aborted.
   */
  prune(keep: readonly Slot[], signal: AbortSignal): Promise<void>;
  /** why slots that nothing needs are still there; null when none is */
  left(): Reason | null;
}

const BASE_MS = 5_000;
const CAP_MS = 300_000;

/** How long a clean-up is waited for, as it makes room; then what comes next begins, and it goes on beside that. */
const PATIENCE_MS = 10_000;

/** Clears away what no kept release needs. It keeps nothing waiting: what is in the way is told, and tried again ever more slowly. */
export const createCleanup = ({
  installers,
  log,
  changed,
  baseMs = BASE_MS,
  patienceMs = PATIENCE_MS,
  wait = pause,
}: Parts): Cleanup => {
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
    // side by side: EC2 that does not answer keeps no revision waiting
    const done = await Promise.allSettled(installers.map(installer => installer.prune(keep, signal)));
    if (signal.aborted) return true;
    const failed = done.find(each => each.status === 'rejected');
    const cause = failed ? reason('slots.left', {cause: reasonText(reasonOf(failed.reason))}) : null;
    note(cause);
    return cause === null;
  };

  const again = async (keep: readonly Slot[], signal: AbortSignal): Promise<void> => {
    for (let tries = 0; !signal.aborted; tries += 1) {
      await wait(backoff({tries, baseMs, capMs: CAP_MS}), signal);
      if (signal.aborted || (await prune(keep, signal))) return;
    }
  };

  return {
    prune: async (keep, signal) => {
      const pruned = prune(keep, signal).then(isDone => {
        if (!isDone) void again(keep, signal);
      });
      const over = new AbortController();
      const until = AbortSignal.any([signal, over.signal]);
      await Promise.race([pruned, pause(patienceMs, until)]);
      over.abort();
    },
    left: () => left,
  };
};
