import type {State} from '../../core/host/state.ts';
import {isServing} from '../../core/host/why.ts';
import {type Reason, reason, reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import type {Clock} from '../../host/clock.ts';
import type {Gate, Log} from '../../ports.ts';

interface Parts {
  readonly gate: Gate;
  readonly state: () => State;
  readonly changed: () => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly everyMs?: number;
}

export interface HealthWatch {
  /** why the serving application does not pass its probes; null while it does */
  unhealthy(): Reason | null;
  run(signal: AbortSignal): Promise<void>;
}

const EVERY_MS = 10_000;
const GATE_MS = 15_000;

/**
 * Asks a serving application's probes now and then. The agent does not touch an application because of the answer (its
 * supervisor does): it only no longer counts as serving, so that the fleet does not take another host out meanwhile.
 */
export const createHealthWatch = (parts: Parts): HealthWatch => {
  const {gate, state, changed, clock, log, everyMs = EVERY_MS} = parts;
  let unhealthy: Reason | null = null;

  const note = (cause: Reason | null): void => {
    if (cause && !unhealthy) log.warning(reasonText(cause));
    if (!cause && unhealthy) log.info('the application passes its probes again');
    const turned = (cause && reasonText(cause)) !== (unhealthy && reasonText(unhealthy));
    unhealthy = cause;
    if (turned) changed();
  };

  return {
    unhealthy: () => unhealthy,
    run: async signal => {
      while (!signal.aborted) {
        await clock.sleep(everyMs * (0.9 + clock.random() / 5), signal);
        if (signal.aborted) return;
        const before = state();
        const cause = isServing(before) ? await ask(gate, signal) : null;
        if (state().generation === before.generation) note(cause);
      }
    },
  };
};

const ask = async (gate: Gate, signal: AbortSignal): Promise<Reason | null> => {
  try {
    await gate.pass({timeoutMs: GATE_MS}, signal);
    return null;
  } catch (error) {
    return signal.aborted ? null : healthReason(reasonOf(error));
  }
};

// How long a gate waited means nothing where nobody waits for it.
const healthReason = (cause: Reason): Reason => {
  const {probe, last} = cause.details;
  return cause.kind === 'gate.failed' && probe !== undefined && last !== undefined
    ? reason('health.failed', {probe: String(probe), last: String(last)})
    : cause;
};
