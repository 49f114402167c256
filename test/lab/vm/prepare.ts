import {accessSync, constants, existsSync, readFileSync} from 'node:fs';
import {isRoot, prepare} from '../image/prepare.ts';

export type Acceleration = 'kvm' | 'tcg';

/** Makes sure QEMU and what builds its image are here: installs Debian's packages as root, else says what is missing. */
export const prepareVm = (): Promise<void> =>
  prepare(['mmdebstrap', 'mkfs.ext4', 'ip', 'sfdisk', 'qemu-img', 'qemu-system-x86_64']);

/** Why this machine cannot run the virtual machine, in words for a skipped test, or false when it can. */
export const whyNoVm = (): string | false => {
  const why = [
    process.arch !== 'x64' && 'the virtual machine needs an x86-64 host',
    !isRoot() && 'the virtual machine needs root',
    !existsSync('/etc/debian_version') && 'the virtual machine needs Debian or a system derived from it',
    !existsSync('/dev/net/tun') && 'the virtual machine needs tap devices (/dev/net/tun)',
  ].find(text => text !== false);
  if (why && process.env.CI) throw new Error(`in CI nothing is skipped, but ${why}`);
  return why ?? false;
};

/**
 * `kvm` where the processor itself virtualises, else plain emulation; RELEASE_AGENT_LAB_ACCEL decides otherwise.
 * A /dev/kvm alone proves nothing: paravirtual ones (kvm-pvm) open, and then hang a stock kernel or abort QEMU.
 */
export const acceleration = (): Acceleration => {
  const told = process.env.RELEASE_AGENT_LAB_ACCEL;
  if (told === 'kvm' || told === 'tcg') return told;
  if (told !== undefined)
    throw new Error(`RELEASE_AGENT_LAB_ACCEL: expected kvm or tcg, got ${JSON.stringify(told)}`);
  const virtualises = /^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  return virtualises && mayUse('/dev/kvm') ? 'kvm' : 'tcg';
};

const mayUse = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
};
