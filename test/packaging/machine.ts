import {copyFile, mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {writeRelease} from '../lab/application/releases.ts';
import {baseRoot, put} from '../lab/image/base.ts';
import {prepare} from '../lab/image/prepare.ts';
import {createMachine, type Machine} from '../lab/instance/instance.ts';
import {openResources} from '../lab/resources.ts';
import {must} from '../lab/run.ts';
import {temporaryFolder} from '../support/temporary.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const STATE = '/var/lib/release-agent';

/** Builds the package of the working tree and gives its path. */
export const buildPackage = async (env: Readonly<Record<string, string>> = {}): Promise<string> => {
  const output = await must([join(REPOSITORY, 'scripts/package')], {timeoutMs: 300_000, env});
  return join(REPOSITORY, output.trim().split('\n').at(-1) ?? '');
};

/** The same package with a later version. */
export const laterPackage = async (deb: string, version: string, folder: string): Promise<string> => {
  const root = join(folder, 'later');
  await must(['dpkg-deb', '--raw-extract', deb, root]);
  await must(['sed', '-i', `s/^Version: .*/Version: ${version}/`, join(root, 'DEBIAN/control')]);
  const target = join(folder, 'later.deb');
  await must(['dpkg-deb', '--root-owner-group', '-Zzstd', '-z1', '--build', root, target]);
  return target;
};

/**
 * A Debian without Node and without network, with `packages` of Debian's more, switched off; `install` is dpkg in a chroot, as an
 * image builder runs it.
 */
export const startBareMachine = async (
  t: {teardown(end: () => Promise<void>): void},
  name: string,
  packages: readonly string[] = [],
): Promise<Machine & {install(deb: string): Promise<string>}> => {
  await prepare(['systemd-nspawn', 'ip', 'nsenter', 'setpriv', 'git']);
  const resources = await openResources(name);
  const dir = await temporaryFolder(t);
  t.teardown(() => resources.removeAll());
  await must(['ip', 'netns', 'add', name]);
  resources.add({kind: 'netns', name});
  await must(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
  const layers = [await baseRoot(packages)];
  const machine = await createMachine({
    name,
    dir,
    layers,
    namespace: name,
    resources,
    onPowerOn: async () => undefined,
  });
  t.teardown(() => machine.kill());
  const install = async (deb: string): Promise<string> => {
    await copyFile(deb, join(machine.root, 'root/package.deb'));
    const inside = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', CHROOT, machine.root];
    return must(inside, {timeoutMs: 120_000});
  };
  return {...machine, install};
};

const CHROOT = `mount -t proc proc "$0/proc"; DEBIAN_FRONTEND=noninteractive chroot "$0" dpkg --install /root/package.deb`;

/** Gives the machine the lab's application as a git revision that it should run, and the configuration for it. */
export const giveRelease = async (root: string): Promise<void> => {
  const tree = join(root, 'srv/app');
  await mkdir(tree, {recursive: true});
  await writeRelease(tree, {name: 'one'});
  const git = (...args: string[]) =>
    must(['git', '-C', tree, '-c', 'user.name=t', '-c', 'user.email=t@t.example', ...args]);
  await git('init', '--quiet');
  await git('add', '.');
  await git('commit', '--quiet', '--message=one');
  const revision = (await git('rev-parse', 'HEAD')).trim();
  await put(root, `${STATE}/store/web/production/desired`, revision);
  await put(root, '/etc/release-agent/config.d/50-test.toml', CONFIG);
};

const CONFIG = `app = "web"
channel = "production"
coordinate = "none"
imds = "off"

[identity]
instance = "i-1"

[install]
git = { url = "file:///srv/app" }

[activate]
units = ["web.service"]

[traffic]
drain = { port = 8080, protocol = "http1" }

[gate]
http = "http://127.0.0.1:8080/healthz"
interval = "100ms"
bake = "0s"
`;
