import {performance} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import type {GateSettings} from '../config/settings.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {type Execute, executeAsChild} from '../host/systemd/service-run.ts';
import type {Gate} from '../ports.ts';
import {bake} from './bake.ts';
import {commandProbe} from './command-probe.ts';
import {httpProbe} from './http-probe.ts';
import {explain, type Failure, type Probe} from './probe.ts';
import {gateRounds} from './rounds.ts';
import {tcpProbe} from './tcp-probe.ts';
import {unitProbe} from './unit-probe.ts';
import {until} from './until.ts';

export interface GateOptions {
  readonly settings: GateSettings;
  /** the units that the release runs in: each is a probe */
  readonly units: readonly string[];
  /** for a plain process: whether it runs. Once it does not, the gate fails at once. */
  readonly running?: (signal: AbortSignal) => Promise<boolean>;
  /** runs the program of `gate.command`; as a child unless told */
  readonly execute?: Execute;
}

/**
 * The health gate: all probes must pass in the same round, `passes` rounds in a row. Throws `gate.failed` with the probe and
 * its last answer at the deadline, and at once when a unit failed, the process ended, or `failAfter` rounds in a row were refused.
 * Without probes it is open.
 */
export const gate = (options: GateOptions): Gate => {
  const {settings} = options;
  // A bake goes on with the probes of the gate before it: a unit that restarted in between is seen.
  let probes: readonly Probe[] | null = null;
  return {
    pass: (limits, signal) => {
      probes = probesOf(options);
      return pass({...limits, probes, settings}, signal);
    },
    bake: ({forMs}, signal) => {
      probes ??= probesOf(options);
      return bake({forMs, probes, settings}, signal);
    },
  };
};

const probesOf = ({settings, units, running, execute = executeAsChild}: GateOptions): readonly Probe[] => {
  const {http, tcp, command, unit, probeTimeoutMs: timeoutMs} = settings;
  const named = new Set([...units, ...(unit === undefined ? [] : [unit])]);
  return [
    ...[...named].map(unitProbe),
    ...(running === undefined ? [] : [processProbe(running)]),
    ...(http === undefined ? [] : [httpProbe({url: http, timeoutMs})]),
    ...(tcp === undefined ? [] : [tcpProbe(tcp)]),
    ...(command === undefined ? [] : [commandProbe({command, timeoutMs, execute})]),
  ];
};

const processProbe = (running: (signal: AbortSignal) => Promise<boolean>): Probe => ({
  name: 'process',
  check: async signal =>
    (await running(signal)) ? {ok: true} : {ok: false, last: 'the process ended', final: 'always'},
});

interface Passing {
  readonly timeoutMs: number;
  readonly probes: readonly Probe[];
  readonly settings: GateSettings;
}

const pass = async ({timeoutMs, probes, settings}: Passing, signal: AbortSignal): Promise<void> => {
  const start = performance.now();
  const left = () => Math.max(0, start + timeoutMs - performance.now());
  const {failAfter = Number.POSITIVE_INFINITY} = settings;
  let passes = 0;
  let refusals = 0;
  let last: Failure = {probe: probes[0]?.name ?? '', last: 'none', final: 'no', refused: false};
  const ask = gateRounds({probes, timeoutMs: settings.probeTimeoutMs});
  while (probes.length > 0) {
    const round = performance.now();
    const failure = await until(left(), ask, signal);
    if (failure === 'over') break;
    passes = failure === null ? passes + 1 : 0;
    refusals = failure?.refused ? refusals + 1 : 0;
    last = failure ?? last;
    if (passes >= settings.passes) return;
    if (failure?.final === 'always' || refusals >= failAfter || left() === 0) break;
    const pause = Math.max(0, round + settings.intervalMs - performance.now());
    await sleep(Math.min(pause, left()), undefined, {signal});
  }
  if (probes.length === 0) return;
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  const words = await explain(last, probes, signal);
  throw new ReasonError(reason('gate.failed', {probe: last.probe, seconds, last: words}));
};
