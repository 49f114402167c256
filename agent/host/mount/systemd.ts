import {reason} from '../../core/reason.ts';
import {ReasonError, reasonOf} from '../../core/reason-error.ts';
import {lastJournalLine} from '../systemd/journal.ts';
import {SLOTS_TARGET} from '../systemd/leave-unit.ts';
import {askAsService, holdersOf} from './holders.ts';
import type {MountRequest, Mounts} from './mounts.ts';
import {type Run, runBounded} from './run.ts';
import {mountedAt} from './table.ts';

/** systemctl only waits for PID 1, which ends the mount itself at `TimeoutSec`. */
const SYSTEMCTL_GRACE_MS = 10_000;
/** PID 1 answers at once; what it does then takes its time. */
const CREATE_MS = 10_000;
/** Whoever gave a stage up is not kept waiting for long. */
const CANCEL_MS = 3_000;

export interface SystemdMountsOptions {
  readonly execute?: Run;
  readonly lastLine?: typeof lastJournalLine;
}

/**
 * Mounts through PID 1, by a transient `.mount` unit of our own: the application sees the mount although the agent's unit has a mount
 * namespace of its own (systemd.exec(5), PrivateMounts=), and it outlives the agent. No fsck: none is asked for by a unit
 * that is not in fstab. A unit goes when its mount fails or ends; `child.failed` says what mount(8) or umount(8) said.
 */
export const systemdMounts = (options: SystemdMountsOptions = {}): Mounts => {
  const {create, perform, cancel} = createUnits(options);
  return {
    mount: async (request, signal) => {
      const job = jobOf(request);
      try {
        await create(job, signal);
        await perform('start', job, signal);
      } catch (error) {
        // a mount that hangs cannot be ended: it may come yet
        if (signal.aborted && !(await mountedAt(request.directory))) await cancel(job.name);
        throw error;
      }
    },
    unmount: (request, signal) => perform('stop', jobOf(request), signal),
    holders: (directory, signal) => holdersOf(directory, askAsService, signal),
  };
};

interface Job {
  readonly name: string;
  readonly directory: string;
  readonly timeoutMs: number;
  /** when it was begun, ms since the epoch */
  readonly since: number;
}

const jobOf = <T extends {readonly directory: string}>(request: T) => ({
  ...request,
  name: mountUnitName(request.directory),
  since: Date.now(),
});

const PROGRAMS = {start: 'mount', stop: 'umount'} as const;

const createUnits = ({execute = runBounded, lastLine = lastJournalLine}: SystemdMountsOptions) => {
  const systemctl = (args: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<void> =>
    execute('systemctl', ['--no-ask-password', ...args], timeoutMs, signal);

  // Whether it was begun or not, and whether it ends: what counts is that it was asked to.
  const cancel = async (name: string): Promise<void> => {
    const {signal} = new AbortController();
    await systemctl(['stop', '--', name], CANCEL_MS, signal).catch(() => undefined);
  };

  // PID 1 begins the mount and answers at once. A unit of that name is what an agent before this one was mounting.
  const create = async (job: MountRequest & Job, signal: AbortSignal): Promise<void> => {
    const begin = () => execute('busctl', transientMount(job), CREATE_MS, signal);
    try {
      await begin();
    } catch (error) {
      signal.throwIfAborted();
      if (reasonOf(error).kind !== 'child.failed') throw error;
      await cancel(job.name);
      await begin();
    }
  };

  // systemctl only says that the job failed; why is in the system's journal.
  const perform = async (verb: keyof typeof PROGRAMS, job: Job, signal: AbortSignal): Promise<void> => {
    try {
      await systemctl([verb, '--', job.name], job.timeoutMs + SYSTEMCTL_GRACE_MS, signal);
    } catch (error) {
      if (reasonOf(error).kind !== 'child.failed') throw error;
      const words = await lastLine({unit: job.name, since: job.since}, signal);
      if (words === '') throw error;
      const command = PROGRAMS[verb];
      const cause = words.replace(`${command}: `, '').replace(`${job.directory}: `, '');
      throw new ReasonError(reason('child.failed', {command, cause}), {cause: error});
    }
  };

  return {create, perform, cancel};
};

const MANAGER = [
  'org.freedesktop.systemd1',
  '/org/freedesktop/systemd1',
  'org.freedesktop.systemd1.Manager',
  'StartTransientUnit',
  'ssa(sv)a(sa(sv))',
];

/**
 * The arguments of busctl(1) that make and start a mount's unit (org.freedesktop.systemd1(5), StartTransientUnit). Every text is taken as
 * it is: nothing is split, unescaped or expanded. systemd-mount(1) would tie it to a device unit, which a container has not.
 */
export const transientMount = (request: MountRequest & {readonly name: string}): readonly string[] => {
  const {name, device, directory, filesystem, options, timeoutMs} = request;
  const properties = [
    ['Description', 's', `Release slot ${directory}`],
    ['DefaultDependencies', 'b', 'false'],
    ['Conflicts', 'as', '1', 'umount.target'],
    // at a shutdown the application serves from it until the host has left traffic
    ['Before', 'as', '2', 'umount.target', SLOTS_TARGET],
    ['CollectMode', 's', 'inactive-or-failed'],
    ['What', 's', device],
    ['Type', 's', filesystem],
    ['Options', 's', options.join(',')],
    ['TimeoutUSec', 't', String(Math.ceil(timeoutMs) * 1_000)],
  ];
  return [
    '--quiet',
    '--allow-interactive-authorization=no',
    '--',
    'call',
    ...MANAGER,
    name,
    'replace',
    String(properties.length),
    ...properties.flat(),
    '0',
  ];
};

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
