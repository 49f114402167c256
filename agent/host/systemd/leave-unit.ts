import {run} from '../process/process.ts';

/** What is stopped first when the host shuts down: stopping it takes the host out of traffic while all else still runs. */
export const LEAVE_UNIT = 'release-agent-leave.service';

/** Stops after the unit above and before the slots that are mounted, each of which names it. Part of the package. */
export const SLOTS_TARGET = 'release-agent-slots.target';

/** What leaving and answering need. Commands are run by systemd-run, which speaks to PID 1 over the bus. */
const NEEDED = [
  'release-agentd.service',
  SLOTS_TARGET,
  'consul.service',
  'network-online.target',
  'dbus.socket',
  'dbus.service',
];

const TIMEOUT_MS = 10_000;
const AGENTCTL = '/usr/bin/agentctl';
/** What is left for leaving itself, besides the drain. */
const SLACK_MS = 45_000;

/** What `systemState` gives as soon as a shutdown is asked for. */
export const STOPPING = 'stopping';

/** What systemd says of itself as a whole (systemctl(1), is-system-running): `running`, `degraded`, `stopping`, … Throws `child.*`. */
export const systemState = async (signal: AbortSignal): Promise<string> => {
  const options = {timeoutMs: TIMEOUT_MS, accept: 'any'} as const;
  const {stdout} = await run('systemctl', ['is-system-running'], options, signal);
  return stdout.trim() || 'unknown';
};

export interface LeaveOptions {
  /** the application's */
  readonly units: readonly string[];
  readonly drainMs: number;
}

/**
 * Sees to it that the unit is there until the reboot, as these options want it. What it is to do is in its description: one that
 * was made with other options is made anew (stopping it takes no host out that does not shut down). Throws `child.*`.
 */
export const keepLeaveUnit = async (options: LeaveOptions, signal: AbortSignal): Promise<void> => {
  const {active, description} = await showDescribed(LEAVE_UNIT, signal);
  if (active === 'active' && description === descriptionOf(options)) return;
  if (active !== 'inactive') await systemctl(['stop', '--', LEAVE_UNIT], stopMs(options), signal);
  await run('systemd-run', leaveArguments(options), {timeoutMs: 3 * TIMEOUT_MS}, signal);
};

const systemctl = (args: readonly string[], timeoutMs: number, signal: AbortSignal) =>
  run('systemctl', ['--no-ask-password', ...args], {timeoutMs}, signal);

const showDescribed = async (unit: string, signal: AbortSignal) => {
  const {stdout} = await systemctl(
    ['show', '--property=ActiveState', '--property=Description', '--', unit],
    TIMEOUT_MS,
    signal,
  );
  const of = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  return {active: of('ActiveState'), description: of('Description')};
};

const stopMs = ({drainMs}: LeaveOptions): number => drainMs + SLACK_MS;

const descriptionOf = (options: LeaveOptions): string =>
  [
    `Leaves traffic before the host shuts down, within ${Math.ceil(stopMs(options) / 1_000)} s`,
    ...options.units,
  ].join(', before ');

/**
 * The arguments of systemd-run for a transient unit. systemd stops units in the reverse of their order, so that it comes before
 * all that a request needs: the application, this agent, Consul, the network, the mounts of slots.
 */
export const leaveArguments = (options: LeaveOptions): readonly string[] => [
  '--quiet',
  '--no-ask-password',
  '--collect',
  `--unit=${LEAVE_UNIT}`,
  `--description=${descriptionOf(options)}`,
  '--remain-after-exit',
  '--property=Type=oneshot',
  `--property=Wants=${SLOTS_TARGET}`,
  `--property=After=${[...NEEDED, ...options.units].map(word).join(' ')}`,
  `--property=ExecStop=-${AGENTCTL} leave`,
  `--property=TimeoutStopSec=${Math.ceil(stopMs(options) / 1_000)}`,
  '--',
  '/bin/true',
];

/** A list in a property is split into words, in which a backslash takes the next character as it is. */
const word = (unit: string): string => unit.replaceAll('\\', '\\\\');
