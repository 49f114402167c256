import {join} from 'node:path';
import {readIfThere, writeOver} from '../files.ts';
import {run} from '../process/process.ts';
import {RUNTIME_UNITS} from './systemd.ts';

/** What is stopped first when the host shuts down: stopping it takes the host out of traffic while all else still runs. */
export const LEAVE_UNIT = 'release-agent-leave.service';

/** What leaving and answering need. Commands are run by systemd-run, which speaks to PID 1 over the bus. */
const NEEDED = [
  'release-agentd.service',
  'consul.service',
  'network-online.target',
  'dbus.socket',
  'dbus.service',
];

const TIMEOUT_MS = 10_000;
const AGENTCTL = '/usr/bin/agentctl';
/** What is left for leaving itself, besides the drain. */
const SLACK_MS = 45_000;
const ALL_CODES = Array.from({length: 255}, (_, n) => n + 1);

/** What `systemState` gives as soon as a shutdown is asked for. */
export const STOPPING = 'stopping';

/** What systemd says of itself as a whole (systemctl(1), is-system-running): `running`, `degraded`, `stopping`, … Throws `child.*`. */
export const systemState = async (signal: AbortSignal): Promise<string> => {
  const options = {timeoutMs: TIMEOUT_MS, accept: ALL_CODES};
  const {stdout} = await run('systemctl', ['is-system-running'], options, signal);
  return stdout.trim() || 'unknown';
};

export interface LeaveOptions {
  /** the application's */
  readonly units: readonly string[];
  readonly drainMs: number;
}

/** Sees to it that the unit is there until the reboot, as these options want it. Throws `child.*`. */
export const keepLeaveUnit = async (options: LeaveOptions, signal: AbortSignal): Promise<void> => {
  const path = join(RUNTIME_UNITS, LEAVE_UNIT);
  const text = leaveUnit(options);
  if ((await readIfThere(path)) !== text) {
    await writeOver(path, text, {mode: 0o644});
    await run('systemctl', ['--no-ask-password', 'daemon-reload'], {timeoutMs: 3 * TIMEOUT_MS}, signal);
  }
  await run('systemctl', ['--no-ask-password', 'start', '--', LEAVE_UNIT], {timeoutMs: TIMEOUT_MS}, signal);
};

/**
 * The unit's text. systemd stops units in the reverse of their order, so that it comes before all that a request needs: the
 * application, this agent, Consul, the network; the mounts of slots name it in theirs.
 */
export const leaveUnit = ({units, drainMs}: LeaveOptions): string =>
  [
    '[Unit]',
    'Description=Leaves traffic before the host shuts down',
    `After=${[...NEEDED, ...units].join(' ')}`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStart=/bin/true',
    `ExecStop=-${AGENTCTL} leave`,
    `TimeoutStopSec=${Math.ceil((drainMs + SLACK_MS) / 1_000)}`,
    '',
  ].join('\n');
