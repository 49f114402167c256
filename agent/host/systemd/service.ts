/**
 * Transient services (systemd-run(1)): how what belongs to the operator or the release is run. PID 1 starts it, so it has the
 * host's own mounts, rights and limits, whatever the agent's unit is denied.
 */
import {performance} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import {run} from '../process/process.ts';
import {showUnit, type UnitState} from './systemd.ts';

export interface ServiceOptions {
  /** with `.service` */
  readonly unit: string;
  /** program and arguments */
  readonly command: readonly string[];
  /** PID 1 ends it then: for an agent that is not there any more to do so */
  readonly limitMs: number;
  /** further properties of the unit (systemd.exec(5), systemd.kill(5)) */
  readonly properties: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 10_000;
const EVERY_MS = 25;
const KILLED_MS = 5_000;
const never = new AbortController().signal;
const ACTIVE = 'active,activating,deactivating,reloading';

/**
 * The arguments of `systemd-run` for a service whose input and output are those of systemd-run itself, and which it waits for.
 * Its exit status is the program's; a unit that failed stays for `showUnit` until `endService`.
 */
export const serviceArguments = ({unit, command, limitMs, properties}: ServiceOptions): readonly string[] => [
  '--quiet',
  '--pipe',
  '--wait',
  '--no-ask-password',
  '--service-type=exec',
  `--unit=${unit}`,
  `--property=RuntimeMaxSec=${Math.ceil(limitMs)}ms`,
  ...Object.entries(properties).map(([name, value]) => `--property=${name}=${value}`),
  '--',
  // PID 1 replaces `$NAME` in arguments
  ...command.map(word => word.replaceAll('$', '$$$$')),
];

/**
 * Ends every process of a unit: SIGTERM, SIGKILL to what is left `graceMs` after, and forgets that it failed. Done when there
 * is no such unit. Gives false when it is still there five seconds later, or PID 1 does not answer. It cannot be aborted: it is
 * what an abort leads to.
 */
export const endService = async (unit: string, limits: {readonly graceMs: number}): Promise<boolean> =>
  end(unit, limits).catch(() => false);

const end = async (unit: string, {graceMs}: {readonly graceMs: number}): Promise<boolean> => {
  const before = await showUnit(unit, never);
  if (before.load === 'not-found') return true;
  await systemctl('kill', '--signal=SIGTERM', '--', unit);
  await isOver(unit, graceMs);
  await systemctl('kill', '--signal=SIGKILL', '--', unit);
  const over = await isOver(unit, KILLED_MS);
  await systemctl('reset-failed', '--', unit);
  return over;
};

/** The units of this name (`release-agent-script-*`) that run or failed. Throws `child.failed`, `child.timeout`. */
export const servicesLeft = async (pattern: string, signal: AbortSignal): Promise<readonly string[]> => {
  const form = ['--all', '--plain', '--no-legend', '--full', `--state=${ACTIVE},failed`];
  const {stdout} = await run(
    'systemctl',
    ['list-units', ...form, '--', pattern],
    {timeoutMs: TIMEOUT_MS},
    signal,
  );
  return stdout
    .split('\n')
    .map(line => line.trim().split(/\s+/)[0] ?? '')
    .filter(unit => unit !== '');
};

// For a unit that is gone, or of which nothing runs, there is nothing to do: any answer will do.
const systemctl = (...args: readonly string[]): Promise<unknown> =>
  run('systemctl', args, {timeoutMs: TIMEOUT_MS, accept: 'any'}, never);

const isOver = async (unit: string, withinMs: number): Promise<boolean> => {
  const end = performance.now() + withinMs;
  for (;;) {
    if (!isLive(await showUnit(unit, never))) return true;
    if (performance.now() >= end) return false;
    await sleep(EVERY_MS);
  }
};

/** True while the unit's main process runs or is being started or ended. */
export const isLive = ({active}: UnitState): boolean => ACTIVE.split(',').includes(active);
