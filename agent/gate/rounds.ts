import {performance} from 'node:perf_hooks';
import {askAll, type Failure, type Probe} from './probe.ts';

/** While the ports do not answer yet, programs are started this often: a unit that failed is seen soon enough. */
const PROGRAMS_EVERY_MS = 500;

/**
 * The rounds of a gate: each asks all probes and gives null when all passed. While a probe that asks a port fails, those that
 * start a program are left out of most rounds: the application that starts needs the processor more.
 */
export const gateRounds = ({
  probes,
  timeoutMs,
}: {
  readonly probes: readonly Probe[];
  readonly timeoutMs: number;
}) => {
  const programs = probes.filter(({program}) => program);
  const ports = probes.filter(({program}) => !program);
  let askedAt = Number.NEGATIVE_INFINITY;
  let passed = false;
  // a unit that restarts again and again tells more than its port
  let telling: Failure | null = null;
  const all = async (signal: AbortSignal): Promise<Failure | null> => {
    askedAt = performance.now();
    const failure = await askAll({probes, timeoutMs}, signal);
    telling = failure?.final === 'no' ? null : failure;
    return failure;
  };
  const portsFirst = async (signal: AbortSignal): Promise<Failure | null> => {
    const failure = await askAll({probes: ports, timeoutMs}, signal);
    if (failure !== null) return telling ?? failure;
    return askAll({probes: programs, timeoutMs}, signal);
  };
  return async (signal: AbortSignal): Promise<Failure | null> => {
    const isDue = performance.now() - askedAt >= PROGRAMS_EVERY_MS;
    const failure = await (passed || isDue || ports.length === 0 ? all : portsFirst)(signal);
    passed = failure === null;
    return failure;
  };
};
