import {performance} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {lastJournalLine} from '../host/systemd/journal.ts';
import {
  clearFailure,
  isUp,
  queueRestart,
  showUnit,
  type UnitState,
  unitText,
} from '../host/systemd/systemd.ts';

const EVERY_MS = 100;

/**
 * Restarts a unit and waits until it is up. Throws `unit.failed` with its result and its last journal line: at once when
 * systemd gave it up, at the deadline while systemd still tries or its job hangs.
 */
export const restartUnit = async (
  {unit, timeoutMs}: {readonly unit: string; readonly timeoutMs: number},
  signal: AbortSignal,
): Promise<void> => {
  const since = Date.now();
  const deadline = performance.now() + timeoutMs;
  // at once: the host is out of traffic meanwhile
  const [before] = await Promise.all([showUnit(unit, signal), clearFailure(unit, signal)]);
  if (before.load === 'not-found') throw failed(unit, 'there is no such unit');
  await queueRestart(unit, signal);
  for (;;) {
    const now = await showUnit(unit, signal);
    const settled = settle(now, before);
    if (settled === 'up') return;
    const late = performance.now() >= deadline;
    if (settled === 'down' || late) {
      const line = await lastJournalLine({unit, since}, signal);
      const state =
        late && settled !== 'down'
          ? `${unitText(now)} after ${Math.round(timeoutMs / 1000)} s`
          : unitText(now);
      throw failed(unit, line === '' ? state : `${state}: ${line}`);
    }
    await sleep(EVERY_MS, undefined, {signal});
  }
};

/** Where a restart stands. An old invocation that is still active says nothing about the new one. */
export const settle = (now: UnitState, before: UnitState): 'up' | 'down' | 'pending' => {
  if (now.pending) return 'pending';
  if (isUp(now) && (now.invocation !== before.invocation || now.active === 'inactive')) return 'up';
  if (now.active === 'failed') return 'down';
  // The job is gone and nothing was started: a condition did not hold, or a unit it requires failed.
  return now.active === 'inactive' ? 'down' : 'pending';
};

const failed = (unit: string, cause: string): ReasonError =>
  new ReasonError(reason('unit.failed', {unit, cause}));
