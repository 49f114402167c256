import {existsSync} from 'node:fs';
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import {reason} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import {writeOver} from '../files.ts';
import {lastJournalLine} from '../systemd/journal.ts';
import {LEAVE_UNIT} from '../systemd/leave-unit.ts';
import {RUNTIME_UNITS} from '../systemd/systemd.ts';
import {askAsService, holdersOf} from './holders.ts';
import type {MountRequest, Mounts} from './mounts.ts';
import {type Run, runBounded} from './run.ts';
import {mountedAt} from './table.ts';

/** systemctl only waits for PID 1, which ends the mount itself at `TimeoutSec`. */
const SYSTEMCTL_GRACE_MS = 10_000;
/** Whoever gave a stage up is not kept waiting for long. */
const CANCEL_MS = 3_000;

export interface SystemdMountsOptions {
  readonly units?: string;
  readonly execute?: Run;
  readonly lastLine?: typeof lastJournalLine;
}

/**
 * Mounts through PID 1, by a `.mount` unit of our own: the application sees the mount although the agent's unit has a mount
 * namespace of its own (systemd.exec(5), PrivateMounts=), and it outlives the agent. No fsck: none is asked for by a unit
 * that is not in fstab. A mount that fails leaves no unit behind; `child.failed` says what mount(8) or umount(8) said.
 */
export const systemdMounts = (options: SystemdMountsOptions = {}): Mounts => {
  const {units = RUNTIME_UNITS} = options;
  const {write, perform, cancel, forget} = createUnits({...options, units});
  return {
    mount: async (request, signal) => {
      const job = jobOf(request);
      try {
        await write(job, mountUnit(request), signal);
        await perform('start', job, signal);
      } catch (error) {
        const isOver = signal.aborted ? await cancel(job) : reasonOf(error).kind === 'child.failed';
        if (isOver && !(await mountedAt(job.directory))) await forget(job);
        throw error;
      }
    },
    unmount: async (request, signal) => {
      const job = jobOf(request);
      await perform('stop', job, signal);
      await forget(job);
    },
    forget: async request => {
      const job = jobOf(request);
      if (existsSync(join(units, job.name))) await forget(job);
    },
    holders: (directory, signal) => holdersOf(directory, askAsService, signal),
  };
};

interface Job {
  readonly name: string;
  readonly directory: string;
  readonly timeoutMs: number;
}

const jobOf = ({directory, timeoutMs}: Omit<Job, 'name'>): Job => ({
  name: mountUnitName(directory),
  directory,
  timeoutMs,
});

const PROGRAMS = {start: 'mount', stop: 'umount'} as const;

const createUnits = ({
  units,
  execute = runBounded,
  lastLine = lastJournalLine,
}: SystemdMountsOptions & {readonly units: string}) => {
  const systemctl = (args: readonly string[], {timeoutMs}: Job, signal: AbortSignal): Promise<void> =>
    execute('systemctl', ['--no-ask-password', ...args], timeoutMs + SYSTEMCTL_GRACE_MS, signal);

  const write = async (job: Job, text: string, signal: AbortSignal): Promise<void> => {
    await writeOver(join(units, job.name), text, {mode: 0o644});
    await systemctl(['daemon-reload'], job, signal);
  };

  // systemctl only says that the job failed; why is in the system's journal.
  const perform = async (verb: keyof typeof PROGRAMS, job: Job, signal: AbortSignal): Promise<void> => {
    const since = Date.now();
    try {
      await systemctl([verb, '--', job.name], job, signal);
    } catch (error) {
      if (reasonOf(error).kind !== 'child.failed') throw error;
      const words = await lastLine({unit: job.name, since}, signal);
      if (words === '') throw error;
      const command = PROGRAMS[verb];
      const cause = words.replace(`${command}: `, '').replace(`${job.directory}: `, '');
      throw new ReasonError(reason('child.failed', {command, cause}), {cause: error});
    }
  };

  // Killing systemctl ends nothing in PID 1. A mount that hangs cannot be ended: its unit stays, as for a mount that is late.
  const cancel = async ({name}: Job): Promise<boolean> => {
    const {signal} = new AbortController();
    const stop = execute('systemctl', ['--no-ask-password', 'stop', '--', name], CANCEL_MS, signal);
    return stop.then(
      () => true,
      (error: unknown) => reasonOf(error).kind !== 'child.timeout', // else it was not begun
    );
  };

  // Goes on when the stage is given up in the middle of it: a unit without its file would stay as failed.
  const forget = async (job: Job): Promise<void> => {
    const {signal} = new AbortController();
    await rm(join(units, job.name), {force: true});
    await systemctl(['daemon-reload'], job, signal);
    // fails for a unit that is gone already
    await systemctl(['reset-failed', '--', job.name], job, signal).catch(() => undefined);
  };

  return {write, perform, cancel, forget};
};

/** The unit of one mount. The start rate limit is off: our own bounds apply, and a refused start would name no cause. */
export const mountUnit = ({device, directory, filesystem, options, timeoutMs}: MountRequest): string =>
  [
    '[Unit]',
    `Description=Release slot ${specifier(directory)}`,
    'DefaultDependencies=no',
    'Conflicts=umount.target',
    'Before=umount.target',
    // at a shutdown the application serves from it until the host has left traffic
    `Before=${LEAVE_UNIT}`,
    'StartLimitIntervalSec=0',
    '',
    '[Mount]',
    `What=${specifier(device)}`,
    `Where=${specifier(directory)}`,
    `Type=${filesystem}`,
    `Options=${specifier(options.join(','))}`,
    `TimeoutSec=${Math.ceil(timeoutMs / 1000)}`,
    'LazyUnmount=no',
    'ForceUnmount=no',
    '',
  ].join('\n');

/** A percent sign in a unit file begins a specifier. */
const specifier = (text: string): string => text.replaceAll('%', '%%');

/** What `systemd-escape --path --suffix=mount` makes of an absolute path: the only name a mount unit may have. */
export const mountUnitName = (directory: string): string => {
  const path = directory.split('/').filter(Boolean).join('/');
  const escaped = [...Buffer.from(path)].map((byte, at) => escapeByte(byte, at === 0)).join('');
  return `${escaped === '' ? '-' : escaped}.mount`;
};

const escapeByte = (byte: number, first: boolean): string => {
  const character = String.fromCharCode(byte);
  if (character === '/') return '-';
  if (/[A-Za-z0-9:_]/.test(character) || (character === '.' && !first)) return character;
  return `\\x${byte.toString(16).padStart(2, '0')}`;
};
