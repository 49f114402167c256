import {mkdir, rename, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {MountRequest, Mounts} from './mount.ts';
import {type Run, runBounded} from './mount-run.ts';

/** Where units made at run time live; they are gone after a reboot. */
const UNITS = '/run/systemd/system';
/** systemctl only waits for PID 1, which ends the mount itself at `TimeoutSec`. */
const SYSTEMCTL_GRACE_MS = 10_000;

export interface SystemdMountsOptions {
  readonly units?: string;
  readonly execute?: Run;
}

/**
 * Mounts through PID 1, by a `.mount` unit of our own: the application sees the mount although the agent's unit has a mount
 * namespace of its own (systemd.exec(5), PrivateMounts=), and it outlives the agent. No fsck: none is asked for by a unit
 * that is not in fstab.
 */
export const systemdMounts = ({units = UNITS, execute = runBounded}: SystemdMountsOptions = {}): Mounts => {
  const systemctl = (args: readonly string[], timeoutMs: number, signal: AbortSignal) =>
    execute('systemctl', ['--no-ask-password', ...args], timeoutMs + SYSTEMCTL_GRACE_MS, signal);
  return {
    mount: async (request, signal) => {
      const name = mountUnitName(request.directory);
      await mkdir(units, {recursive: true});
      await writeFile(join(units, `.${name}.new`), mountUnit(request), {mode: 0o644});
      await rename(join(units, `.${name}.new`), join(units, name));
      await systemctl(['daemon-reload'], request.timeoutMs, signal);
      await systemctl(['start', '--', name], request.timeoutMs, signal);
    },
    unmount: async ({directory, timeoutMs}, signal) => {
      const name = mountUnitName(directory);
      await systemctl(['stop', '--', name], timeoutMs, signal);
      await rm(join(units, name), {force: true});
      await systemctl(['daemon-reload'], timeoutMs, signal);
    },
  };
};

/** The unit of one mount. The start rate limit is off: our own bounds apply, and a refused start would name no cause. */
export const mountUnit = ({device, directory, filesystem, options, timeoutMs}: MountRequest): string =>
  [
    '[Unit]',
    `Description=Release slot ${specifier(directory)}`,
    'DefaultDependencies=no',
    'Conflicts=umount.target',
    'Before=umount.target',
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
