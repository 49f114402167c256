import {existsSync} from 'node:fs';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {must, run} from '../run.ts';
import {cached} from './cache.ts';

/** The Debian package that brings each program the lab calls. */
export const PACKAGES: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'systemd-nspawn': 'systemd-container',
  haproxy: 'haproxy',
  'mkfs.xfs': 'xfsprogs',
  'mkfs.ext4': 'e2fsprogs',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  sfdisk: 'fdisk',
  ip: 'iproute2',
  ss: 'iproute2',
  git: 'git',
  losetup: 'mount',
  nsenter: 'util-linux',
  python3: 'python3',
  openssl: 'openssl',
  gpg: 'gnupg',
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
  curl: 'curl',
};

/** Makes sure these programs are here: installs their packages as root on Debian, else says by name what is missing. */
export const prepare = async (programs: readonly string[]): Promise<void> => {
  const missing = programs.filter(program => findProgram(program) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(program => PACKAGES[program] ?? program))];
  if (!isRoot() || !existsSync('/etc/debian_version')) {
    throw new Error(`the lab needs ${missing.join(', ')} (Debian: ${packages.join(', ')})`);
  }
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
  const env = {DEBIAN_FRONTEND: 'noninteractive'};
  if ((await run(install, {timeoutMs: 300_000, env})).code === 0) return;
  await must(['apt-get', 'update'], {timeoutMs: 120_000});
  await must(install, {timeoutMs: 300_000, env});
};

export const isRoot = (): boolean => process.getuid?.() === 0;

export const findProgram = (name: string): string | undefined =>
  [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].map(dir => join(dir, name)).find(existsSync);

/** A program of Debian's: the operator's own on PATH, else unpacked into the cache, once: an installed package would start a server. */
const programOf = async (name: string, suite: string, source: string): Promise<string> => {
  const own = findProgram(name);
  if (own !== undefined) return own;
  const root = await cached(name, async scratch => {
    await prepare(['mmdebstrap']);
    await bootstrap({suite, variant: 'extract', include: [source], into: scratch});
  });
  return join(root, 'usr/bin', name);
};

/** A real Consul, the last one Debian shipped (4 s, once). */
export const consulProgram = (): Promise<string> => programOf('consul', 'bullseye', 'consul');

/** Prometheus' checker of metrics. */
export const promtoolProgram = (): Promise<string> => programOf('promtool', 'bookworm', 'prometheus');

/** A root file system that holds moto, the independent EC2 emulator (20 s, once). */
export const motoRoot = (): Promise<string> =>
  cached('moto', async scratch => {
    await prepare(['mmdebstrap']);
    const include = ['python3-moto', 'python3-flask', 'python3-flask-cors'];
    await bootstrap({suite: 'trixie', variant: 'minbase', include, into: scratch});
    await mkdir(join(scratch, 'proc'), {recursive: true});
  });

type Bootstrap = {suite: string; variant: string; include: readonly string[]; into: string};

/** A mount namespace of its own: what mmdebstrap mounts in the folder goes with it, whatever ends it. */
const WITHIN = ['unshare', '--mount', '--propagation', 'private', '--'];

/** Unpacks a Debian root file system from the machine's own mirror, signatures checked. */
export const bootstrap = async ({suite, variant, include, into}: Bootstrap): Promise<void> => {
  const options = ['--quiet', `--variant=${variant}`, `--include=${include.join(',')}`];
  await must([...WITHIN, 'mmdebstrap', ...options, suite, into], {timeoutMs: 300_000});
};
