import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {run} from '../process/process.ts';

/** What PID 1 says of a unit at one moment; the words are systemd's (systemctl(1), org.freedesktop.systemd1(5)). */
export interface UnitState {
  readonly unit: string;
  /** `loaded`, `not-found`, `masked`, … */
  readonly load: string;
  /** `active`, `activating`, `inactive`, `failed`, … */
  readonly active: string;
  /** `running`, `exited`, `auto-restart`, `start`, … */
  readonly sub: string;
  /** `simple`, `notify`, `oneshot`, …; empty for what is no service */
  readonly type: string;
  /** `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit`, … */
  readonly result: string;
  /** exit status or number of the signal of the main process */
  readonly exitStatus: number;
  /** automatic restarts since the last start by hand */
  readonly restarts: number;
  /** one per start; empty before the first */
  readonly invocation: string;
  /** a job of this unit is queued or runs */
  readonly pending: boolean;
}

const TIMEOUT_MS = 10_000;
const PROPERTIES = 'Id,LoadState,ActiveState,SubState,Type,Result,ExecMainStatus,NRestarts,InvocationID,Job';

/** Asks PID 1 about one unit. A unit that does not exist has `load` `not-found`. Throws `child.failed`, `child.timeout`. */
export const showUnit = async (unit: string, signal: AbortSignal): Promise<UnitState> => {
  const args = ['show', `--property=${PROPERTIES}`, '--', unit];
  const {stdout} = await run('systemctl', args, {timeoutMs: TIMEOUT_MS}, signal);
  return parseUnit(unit, stdout);
};

/** Reads the output of `systemctl show`: one `Name=value` a line; what a unit's kind does not have is left out there. */
export const parseUnit = (unit: string, text: string): UnitState => {
  const fields = new Map(
    text.split('\n').map(line => {
      const sign = line.indexOf('=');
      return [line.slice(0, sign), line.slice(sign + 1)] as const;
    }),
  );
  const word = (name: string) => fields.get(name) ?? '';
  const count = (name: string) => Number.parseInt(word(name), 10) || 0;
  return {
    unit,
    load: word('LoadState'),
    active: word('ActiveState'),
    sub: word('SubState'),
    type: word('Type'),
    result: word('Result'),
    exitStatus: count('ExecMainStatus'),
    restarts: count('NRestarts'),
    invocation: word('InvocationID'),
    pending: count('Job') > 0,
  };
};

/**
 * True when the unit is up. A `oneshot` service that ended well is, although systemd calls it inactive and soon forgets that
 * it ever ran.
 */
export const isUp = ({active, type, result, pending}: UnitState): boolean =>
  active === 'active' || (type === 'oneshot' && active === 'inactive' && result === 'success' && !pending);

/** The state of a unit in words: `failed (exit-code, status 1)`, `activating (auto-restart, exit-code, status 1)`. */
export const unitText = ({load, active, sub, result, exitStatus}: UnitState): string => {
  if (load !== 'loaded') return load === '' ? 'unknown to systemd' : load;
  const words = [
    ...(sub !== active && sub !== '' ? [sub] : []),
    ...(result !== 'success' && result !== '' ? [result] : []),
    ...(exitStatus !== 0 ? [`status ${exitStatus}`] : []),
  ];
  return words.length === 0 ? active : `${active} (${words.join(', ')})`;
};

/** Clears a unit's failed state and its start limit; nothing to do for a unit that was never loaded. Throws `child.*`. */
export const clearFailure = async (unit: string, signal: AbortSignal): Promise<void> => {
  await run('systemctl', ['reset-failed', '--', unit], {timeoutMs: TIMEOUT_MS, accept: [1]}, signal);
};

/**
 * Queues a unit's restart without waiting for it: an agent that is not READY yet would wait for a unit that waits for the
 * agent. Throws `unit.failed` when there is no such unit, `child.*`.
 */
export const queueRestart = async (unit: string, signal: AbortSignal): Promise<void> => {
  const args = ['restart', '--no-block', '--', unit];
  const {exitCode, stderr} = await run('systemctl', args, {timeoutMs: TIMEOUT_MS, accept: [1, 4, 5]}, signal);
  if (exitCode === 0) return;
  const cause = stderr.trim().split('\n').at(0) ?? `systemctl ended with ${exitCode}`;
  throw new ReasonError(reason('unit.failed', {unit, cause}));
};
