/**
 * A whole region on one machine (needs root and Debian; README.md tells the parts). In a test:
 *
 *   const region = await startRegion({name: 'boot', instances: 3, deb: 'dist/release-agent_….deb'});
 *   t.teardown(region.down);
 *   const one = await region.publish({name: 'one'}, 'ext4');        // 'snap-…'; also 'xfs', or 'git' for a revision
 *   await region.desire(one);                                       // the desired key of web/production
 *   await region.boot();                                            // every instance, side by side
 *   const {failed, byRelease} = await region.load({rps: 200, seconds: 10});
 *   await region.instances[0].kill(); await region.instances[0].boot();
 */
import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type Load, type LoadOptions, type LoadResult, startLoad} from './application/load.ts';
import {type ReleaseOptions, writeRelease} from './application/releases.ts';
import {type Devices, loopDevices} from './ec2/devices.ts';
import type {Ec2} from './ec2/ec2.ts';
import {layersFor} from './image/base.ts';
import {prepare} from './image/prepare.ts';
import {type CreateInstance, createInstance, type Instance, type InstanceFiles} from './instance/host.ts';
import {createNetwork} from './network/network.ts';
import {openResources, type Resources} from './resources.ts';
import type {GitServer} from './services/git-server.ts';
import {type Closer, type Services, startServices} from './services/services.ts';

export type Region = Services & {
  readonly name: string;
  readonly instances: readonly Instance[];
  /** Logs, sockets and consoles. */
  readonly dir: string;
  /** Makes one more instance (not yet booted), as an Auto Scaling group would. */
  readonly addInstance: (zone?: string) => Promise<Instance>;
  /** Boots all instances that are off. */
  readonly boot: () => Promise<void>;
  /** Makes a release of the lab's application: a snapshot id, or a git revision. */
  readonly publish: (release: ReleaseOptions, as: 'ext4' | 'xfs' | 'git') => Promise<string>;
  /** Writes the desired key (`value` as an operator would put it). */
  readonly desire: (value: string) => Promise<void>;
  readonly startLoad: (options: LoadOptions) => Load;
  readonly load: (options: LoadOptions) => Promise<LoadResult>;
  /** Removes everything the region made; may be called twice. */
  readonly down: () => Promise<void>;
};

export type RegionOptions = {
  /** 1-16 of a-z, 0-9, -; one region of a name at a time */
  readonly name: string;
  readonly instances: number;
  /** our package; without it the base image boots as it is */
  readonly deb?: string;
  readonly zones?: readonly string[];
  /** instance tags, such as `release-agent:role` (EC2 and IMDS show them) */
  readonly tags?: (index: number) => Readonly<Record<string, string>>;
  readonly app?: string;
  readonly channel?: string;
  /** what goes into /etc/release-agent/config.d/50-lab.toml (default: see host.ts) */
  readonly config?: (instance: InstanceFiles) => string;
  /** laid over the configuration of the region's Consul server */
  readonly consul?: Readonly<Record<string, unknown>>;
  /** further files written before the first boot */
  readonly files?: (instance: InstanceFiles) => Readonly<Record<string, string>>;
};

/** Starts a region: network, Consul, EC2, git, HAProxy, and instances that are not yet booted. Cleans up when it fails. */
export const startRegion = async (options: RegionOptions, signal?: AbortSignal): Promise<Region> => {
  await prepare(['systemd-nspawn', 'haproxy', 'ip', 'nsenter', 'losetup', 'git', 'mkfs.ext4', 'setpriv']);
  const resources = await openResources(options.name);
  const closers: Closer[] = [];
  let ended: Promise<void> | undefined;
  const end = async () => {
    for (const close of closers.toReversed()) await close();
    await resources.removeAll();
  };
  const down = () => (ended ??= end());
  try {
    return {...(await build({options, resources, closers}, signal)), down};
  } catch (error) {
    await down();
    throw error;
  }
};

type Building = {options: RegionOptions; resources: Resources; closers: Closer[]};

const build = async (
  {options, resources, closers}: Building,
  signal?: AbortSignal,
): Promise<Omit<Region, 'down'>> => {
  const {name, deb, app = 'web', channel = 'production'} = options;
  const layers = await layersFor(deb);
  const dir = await mkdtemp(join(tmpdir(), `release-agent-lab-${name}-`));
  resources.add({kind: 'folder', path: dir});
  const network = await createNetwork(name, resources);
  const instances: Instance[] = [];
  const devices = regionDevices(resources, instances);
  const services = await startServices(
    {dir, network, devices, resources, closers, consul: options.consul ?? {}},
    signal,
  );
  const {consul, ec2, git, balancer} = services;
  const addInstance = instanceMaker({
    options,
    layers,
    dir,
    network,
    resources,
    closers,
    ec2,
    instances,
    app,
    channel,
  });
  for (let n = 0; n < options.instances; n += 1) await addInstance();
  const load = (wanted: LoadOptions) =>
    startLoad({wire: network.wire, url: balancer.inside, options: wanted});
  return {
    name,
    ...services,
    instances,
    dir: resources.dir,
    addInstance,
    boot: async () => {
      await Promise.all(instances.filter(each => each.pid() === undefined).map(each => each.boot()));
    },
    publish: (release, as) => publish({release, as, dir, ec2, git}),
    desire: value => consul.put(`release-agent/${app}/${channel}/desired`, value),
    startLoad: load,
    load: wanted => load(wanted).result,
  };
};

type Making = Omit<CreateInstance, 'index' | 'zone'> & {instances: Instance[]};

const instanceMaker = ({instances, ...given}: Making): Region['addInstance'] => {
  given.closers.push(() => Promise.all(instances.map(each => each.kill())));
  const {zones = ['eu-west-1a', 'eu-west-1b']} = given.options;
  let count = 0;
  return async (zone = zones[count % zones.length] ?? 'eu-west-1a') => {
    count += 1; // a terminated instance's number is not used again
    const instance = await createInstance({...given, index: count, zone});
    instances.push(instance);
    return instance;
  };
};

const regionDevices = (resources: Resources, instances: readonly Instance[]): Devices =>
  loopDevices({
    rootOf: id => {
      const pid = instances.find(each => each.id === id)?.pid();
      return pid === undefined ? undefined : `/proc/${pid}/root`;
    },
    onConnect: (device, image) => resources.add({kind: 'loop', device, image}),
    onDisconnect: device => resources.drop(each => each.kind === 'loop' && each.device === device),
  });

type Publish = {release: ReleaseOptions; as: 'ext4' | 'xfs' | 'git'; dir: string; ec2: Ec2; git: GitServer};

const publish = async ({release, as, dir, ec2, git}: Publish): Promise<string> => {
  if (as === 'git') return git.commit(release);
  const folder = await mkdtemp(join(dir, 'release-'));
  await writeRelease(folder, release);
  return ec2.createSnapshot({from: folder, fs: as, tags: {app: 'web', release: release.name}});
};
