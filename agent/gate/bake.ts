import {performance} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import type {GateSettings} from '../config/settings.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {askAll, explain, type Failure, type Probe} from './probe.ts';
import {until} from './until.ts';

export interface BakeOptions {
  readonly forMs: number;
  readonly probes: readonly Probe[];
  readonly settings: Pick<GateSettings, 'intervalMs' | 'probeTimeoutMs'>;
}

/** One answer can be lost to chance; this many rounds in a row cannot. */
const FAILURES = 3;

/**
 * Watches the probes for `forMs` and returns then. Throws `bake.failed` after three failed rounds in a row, and at once when
 * a unit restarted or the application ended. A row of failures that began before the end is followed to its own end.
 */
export const bake = async ({forMs, probes, settings}: BakeOptions, signal: AbortSignal): Promise<void> => {
  const end = performance.now() + forMs;
  let failures = 0;
  while (failures > 0 || performance.now() < end) {
    const round = performance.now();
    const timeoutMs = settings.probeTimeoutMs;
    const left = failures > 0 ? null : end - round;
    const failure = await until(left, each => askAll({probes, timeoutMs}, each), signal);
    if (failure === 'over') return;
    failures = failure === null ? 0 : failures + 1;
    if (failure !== null && (failures >= FAILURES || failure.final !== 'no'))
      throw await failed(failure, probes, signal);
    const next = round + settings.intervalMs;
    await sleep(Math.max(0, (failures > 0 ? next : Math.min(next, end)) - performance.now()), undefined, {
      signal,
    });
  }
};

const failed = async (
  failure: Failure,
  probes: readonly Probe[],
  signal: AbortSignal,
): Promise<ReasonError> => {
  const last = await explain(failure, probes, signal);
  return new ReasonError(reason('bake.failed', {probe: failure.probe, last}));
};
