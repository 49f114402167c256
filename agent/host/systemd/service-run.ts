import {constants} from 'node:os';
import process from 'node:process';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {commandName, run} from '../process/process.ts';
import {endService, isLive, serviceArguments} from './service.ts';
import {showUnit, type UnitState} from './systemd.ts';

/** Runs one program of the operator's to its end. Throws `child.failed` with its last words, `child.timeout`. */
export type Execute = (
  program: string,
  args: readonly string[],
  limits: {readonly timeoutMs: number},
  signal: AbortSignal,
) => Promise<unknown>;

/** For a machine without systemd: as a child of the agent. */
export const executeAsChild: Execute = run;

const GRACE_MS = 2_000;
/** The agent ends it at its own deadline; PID 1 only when there is no agent any more. */
const LATE_MS = 5_000;
const PROPERTIES = {
  // Nothing is told of it but what fails: a probe runs every second.
  LogLevelMax: 'notice',
  TimeoutStopSec: `${GRACE_MS}ms`,
  Environment: 'LANG=C.UTF-8',
};

/** As services of which several may run at a time: `<name>-<agent's pid>-<n>.service`. One call per name. */
export const executeAsServices = (name: string): Execute => {
  let count = 0;
  return (program, args, limits, signal) => {
    count += 1;
    return execute({unit: `${name}-${process.pid}-${count}.service`, program, args, ...limits}, signal);
  };
};

/**
 * As a service of one name, of which only one runs: what an agent before this one left is ended first. It also runs while the host
 * shuts down, when PID 1 starts nothing that has the default dependencies (`Conflicts=shutdown.target`).
 */
export const executeAsService =
  (name: string): Execute =>
  async (program, args, limits, signal) => {
    const unit = `${name}.service`;
    await endService(unit, {graceMs: GRACE_MS});
    await execute({unit, program, args, ...limits, properties: {DefaultDependencies: 'no'}}, signal);
  };

interface Call {
  readonly unit: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  /** besides those that each has */
  readonly properties?: Readonly<Record<string, string>>;
}

const execute = async (call: Call, signal: AbortSignal): Promise<void> => {
  const {unit, program, args, timeoutMs} = call;
  signal.throwIfAborted();
  const deadline = AbortSignal.timeout(timeoutMs);
  const ending = endAt(unit, AbortSignal.any([signal, deadline]));
  const command = commandName(program, args);
  try {
    const limits = {timeoutMs: timeoutMs + LATE_MS, accept: 'any'} as const;
    const {exitCode, stderr} = await run('systemd-run', argumentsOf(call), limits, ending.over);
    if (exitCode === 0) return;
    const last = stderr.trim().split('\n').at(-1) ?? '';
    const status = endingText(await showUnit(unit, ending.over)) ?? `exit status ${exitCode}`;
    throw new ReasonError(
      reason('child.failed', {command, cause: last === '' ? status : `${status}: ${last}`}),
    );
  } catch (error) {
    await endService(unit, {graceMs: GRACE_MS});
    signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw new ReasonError(reason('child.timeout', {command, seconds: timeoutMs / 1000}), {cause: error});
  } finally {
    ending.forget();
  }
};

const argumentsOf = ({unit, program, args, timeoutMs, properties}: Call): readonly string[] =>
  serviceArguments({
    unit,
    command: [program, ...args],
    limitMs: timeoutMs + LATE_MS,
    properties: {...PROPERTIES, ...properties},
  });

/** Ends the service at the signal. `over` is for systemd-run, which holds on until its service is gone. */
const endAt = (unit: string, signal: AbortSignal): {readonly over: AbortSignal; forget(): void} => {
  const over = new AbortController();
  const end = () => void endService(unit, {graceMs: GRACE_MS}).finally(() => over.abort(signal.reason));
  signal.addEventListener('abort', end, {once: true});
  return {over: over.signal, forget: () => signal.removeEventListener('abort', end)};
};

/**
 * How the main process of a unit ended: `exit status 3`, `SIGKILL`, or systemd's own word (`oom-kill`). Null when the unit is
 * not there or did not end: then it is systemd-run that failed.
 */
export const endingText = (state: UnitState): string | null => {
  if (state.load === 'not-found' || isLive(state)) return null;
  if (state.result === 'exit-code') return `exit status ${state.exitStatus}`;
  if (state.result === 'signal' || state.result === 'core-dump') return signalName(state.exitStatus);
  return state.result === 'success' ? null : state.result;
};

const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
