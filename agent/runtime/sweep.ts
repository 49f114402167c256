import {reasonText} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import {jittered, pause} from '../host/pause.ts';
import type {Log} from '../ports.ts';
import type {Task} from './tasks.ts';

interface Parts {
  /** deletes what terminated hosts left behind in EC2 */
  readonly sweep: (signal: AbortSignal) => Promise<unknown>;
  readonly log: Log;
  /** the longest pause before the first sweep, and between two */
  readonly firstMs?: number;
  readonly everyMs?: number;
}

/** At the latest, ms after a start: a host of an application that was scaled to nothing finds what the last ones left. */
export const FIRST_SWEEP_MS = 120_000;
const EVERY_MS = 4_800_000;

/**
 * Sweeps, now and then, until the signal is aborted. Each host does, coordinated or not: an application without a coordinator, or
 * without any host for some time, would keep its volumes for ever. What fails is told when it is another failure, and tried again.
 */
export const createSweeping =
  ({sweep, log, firstMs = FIRST_SWEEP_MS, everyMs = EVERY_MS}: Parts): Task =>
  async signal => {
    let told: string | null = null;
    for (let pauseMs = jittered(firstMs, 0); !signal.aborted; pauseMs = jittered(everyMs)) {
      await pause(pauseMs, signal);
      if (signal.aborted) return;
      const why = await sweep(signal).then(
        () => null,
        (error: unknown) => reasonText(reasonOf(error)),
      );
      if (why !== null && why !== told && !signal.aborted)
        log.warning(`volumes of terminated hosts are not all deleted: ${why}`);
      told = why;
    }
  };
