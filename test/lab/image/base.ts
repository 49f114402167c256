import {createHash} from 'node:crypto';
import {existsSync, readFileSync} from 'node:fs';
import {copyFile, mkdir, rename, rm, symlink, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {must} from '../run.ts';
import {cached} from './cache.ts';
import {bootstrap, consulProgram, prepare} from './prepare.ts';

/** What an ordinary AMI of such a fleet has beside our package: Debian's packages. Consul is added to them. */
export const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'dbus', 'iproute2', 'curl', 'git', 'openssh-client', 'ca-certificates'],
  ...['python3', 'libatomic1', 'e2fsprogs', 'xfsprogs', 'procps', 'rsync'],
];

/** Units that a container has no use for. */
const MASKED = [
  'getty.target',
  'console-getty.service',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'systemd-timesyncd.service',
];

/** That AMI's own files: the application's unit, and Consul's. */
export const FILES: Readonly<Record<string, string>> = {
  '/etc/systemd/system/web.service': `[Unit]
Description=The application that the lab releases
After=network.target

[Service]
WorkingDirectory=/release
ExecStart=/usr/bin/python3 /release/app.py
Restart=on-failure
RestartSec=300ms
TimeoutStopSec=15

[Install]
WantedBy=multi-user.target
`,
  '/etc/systemd/system/consul.service': `[Unit]
Description=Consul client agent
After=network.target

[Service]
ExecStart=/usr/bin/consul agent -config-dir=/etc/consul.d
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=500ms
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
`,
  // on a first boot (no machine-id) systemd enables every unit that no preset disables
  '/etc/systemd/system-preset/10-lab.preset': 'disable web.service\n',
  '/etc/hosts': '127.0.0.1 localhost\n',
  '/etc/resolv.conf': '',
};

/** The root file system of an instance before our package, with these packages of Debian as well (20 s, once per recipe). */
export const baseRoot = (more: readonly string[] = []): Promise<string> => {
  const include = [...PACKAGES, ...more];
  const recipe = createHash('sha256')
    .update(JSON.stringify([include, MASKED, FILES]))
    .digest('hex')
    .slice(0, 12);
  return cached(`base-${recipe}`, async root => {
    await prepare(['mmdebstrap']);
    await bootstrap({suite: 'bookworm', variant: 'minbase', include, into: root});
    await copyFile(await consulProgram(), join(root, 'usr/bin/consul'));
    for (const [path, content] of Object.entries(FILES)) await put(root, path, content);
    for (const unit of MASKED) await symlink('/dev/null', join(root, 'etc/systemd/system', unit));
    await mkdir(join(root, 'etc/systemd/system/multi-user.target.wants'), {recursive: true});
    await symlink(
      '/etc/systemd/system/consul.service',
      join(root, 'etc/systemd/system/multi-user.target.wants/consul.service'),
    );
    await mkdir(join(root, 'var/log/journal'), {recursive: true}); // the journal outlives a power cut
    await mkdir(join(root, 'etc/consul.d'), {recursive: true});
    await rm(join(root, 'etc/machine-id'), {force: true});
  });
};

/** The layers of an instance's root, upper first: the package installed over the base (once per package), and the base. */
export const layersFor = async (deb: string | undefined): Promise<string[]> => {
  const base = await baseRoot();
  if (deb === undefined) return [base];
  const digest = createHash('sha256')
    .update(basename(base))
    .update(readFileSync(deb))
    .digest('hex')
    .slice(0, 16);
  const layer = await cached(`layer-${digest}`, async scratch => {
    for (const folder of ['upper', 'work', 'root']) await mkdir(join(scratch, folder));
    await copyFile(deb, join(scratch, 'package.deb'));
    await must(['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', INSTALL, scratch, base], {
      timeoutMs: 180_000,
    });
    await rm(join(scratch, 'package.deb'));
    await rename(join(scratch, 'upper'), join(scratch, 'content'));
  });
  return [join(layer, 'content'), base];
};

/** In a mount namespace of its own: nothing stays mounted whatever happens. $0: the scratch folder, $1: the base. */
const INSTALL = `
mount -t overlay overlay -o "lowerdir=$1,upperdir=$0/upper,workdir=$0/work" "$0/root"
mount -t proc proc "$0/root/proc"
mount --bind "$0" "$0/root/mnt"
DEBIAN_FRONTEND=noninteractive chroot "$0/root" dpkg --install /mnt/package.deb
`;

/** Writes a file below a root folder, making its folders. */
export const put = async (
  root: string,
  path: string,
  content: string | Uint8Array,
  mode = 0o644,
): Promise<void> => {
  const file = join(root, path);
  await mkdir(dirname(file), {recursive: true});
  if (existsSync(file)) await rm(file);
  await writeFile(file, content, {mode});
};
