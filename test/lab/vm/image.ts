import {createHash} from 'node:crypto';
import {copyFile, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {FILES, PACKAGES, put} from '../image/base.ts';
import {cached} from '../image/cache.ts';
import {bootstrap, consulProgram} from '../image/prepare.ts';
import {ADDRESSES} from '../network/network.ts';
import {must} from '../run.ts';
import {GUEST_NETWORK, NETWORK_UNIT} from './network.ts';
import {prepareVm} from './prepare.ts';

export interface VmImageInputs {
  /** our package, installed with dpkg; the image goes without when absent */
  readonly deb?: string;
  /** configuration drop-ins, units, programs: absolute path → content; what begins with `#!` is executable */
  readonly files?: Readonly<Record<string, string>>;
  /** units to enable */
  readonly enable?: readonly string[];
}

/** A bootable disk nobody writes to (machines write to an overlay of it), and the kernel that boots it. */
export interface VmImage {
  readonly disk: string;
  readonly kernel: string;
}

/** The partition a kernel is told to mount: NVMe controllers are numbered in probe order, so no device name will do. */
export const ROOT_PARTITION = 'PARTUUID=1ab0d15c-01';

const OWN_PACKAGES = ['linux-image-cloud-amd64', 'qemu-guest-agent', 'udev', 'kmod'];
// They only cost time at boot in plain emulation.
const MASKED = ['apt-daily.timer', 'apt-daily-upgrade.timer', 'e2scrub_all.timer', 'e2scrub_reap.service'];

/** Builds the image of an instance: what the container's has (base.ts), a kernel, our package, the given files. Kept in the cache until an input changes. */
export const buildVmImage = async ({deb, files = {}, enable = []}: VmImageInputs = {}): Promise<VmImage> => {
  await prepareVm();
  const all = {...FILES, ...GUEST_NETWORK, ...OWN_FILES, ...files};
  const units = [NETWORK_UNIT, ...enable];
  const include = [...PACKAGES, ...OWN_PACKAGES];
  const base = await cached(`vm-base-${digest(include)}`, async into => {
    await bootstrap({suite: 'bookworm', variant: 'minbase', include, into});
    await copyFile(await consulProgram(), join(into, 'usr/bin/consul'));
  });
  const content = deb === undefined ? '' : digest(await readFile(deb));
  const key = digest(base, SEAL, content, all, units, MASKED);
  const folder = await cached(`vm-image-${key}`, async scratch => {
    for (const [path, content] of Object.entries(all))
      await put(join(scratch, 'files'), path, content, content.startsWith('#!') ? 0o755 : 0o644);
    if (deb !== undefined) await copyFile(deb, join(scratch, 'package.deb'));
    const seal = ['unshare', '--mount', '--propagation', 'private', 'sh', '-eu', '-c', SEAL];
    await must([...seal, base, scratch, units.join(' '), MASKED.join(' ')], {timeoutMs: 180_000});
  });
  return {disk: join(folder, 'disk.img'), kernel: join(folder, 'vmlinuz')};
};

// $0 is the base, $1 the scratch folder. The mounts are in a namespace of their own and end with it.
const SEAL = `
root=$1/root
mkdir "$root" "$1/upper" "$1/work"
mount -t overlay overlay -o "lowerdir=$0,upperdir=$1/upper,workdir=$1/work" "$root"
mount -t proc proc "$root/proc"
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
if [ -e "$1/package.deb" ]; then
  mv "$1/package.deb" "$root/"
  chroot "$root" dpkg --install /package.deb
  rm "$root/package.deb"
fi
cp -a "$1/files/." "$root/"
chroot "$root" systemctl --quiet enable $2
chroot "$root" systemctl --quiet mask $3
mkdir -p "$root/var/log/journal" # it outlives a power cut
: > "$root/etc/machine-id"
cp "$root"/boot/vmlinuz-* "$1/vmlinuz"
umount "$root/proc"
truncate -s 4G "$1/disk.img"
printf 'label: dos\\nlabel-id: 0x1ab0d15c\\nstart=1MiB, type=83\\n' | sfdisk --quiet "$1/disk.img"
mkfs.ext4 -q -F -E offset=1048576 -d "$root" "$1/disk.img" 4095M
umount "$root"
rm -rf "$root" "$1/upper" "$1/work" "$1/files"
`;

const OWN_FILES: Readonly<Record<string, string>> = {
  '/etc/systemd/system.conf.d/lab.conf': `[Manager]\nDefaultEnvironment=AWS_ENDPOINT_URL=http://${ADDRESSES.ec2}\n`,
  // it tells the journal of every question we ask
  '/etc/systemd/system/qemu-guest-agent.service.d/quiet.conf': '[Service]\nLogLevelMax=notice\n',
};

const digest = (...inputs: readonly unknown[]): string => {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(input instanceof Uint8Array ? input : JSON.stringify(input));
  return hash.digest('hex').slice(0, 16);
};
