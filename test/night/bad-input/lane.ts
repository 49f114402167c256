/** One instance that is a fleet of its own, serves a good release, and is given bad ones. */
import type {Test} from 'tap';
import {releaseId} from '../../../agent/core/release.ts';
import type {ReleaseOptions} from '../../lab/application/releases.ts';
import {journalled} from '../../lab/instance/agents.ts';
import {defaultConfig, type Instance, type InstanceFiles} from '../../lab/instance/host.ts';
import {complaintsWithin, ec2Client, type Host, type Published} from '../../lab/instance/in-service.ts';
import type {Region} from '../../lab/region.ts';

const channelOf = ({index}: {readonly index: number}): string => `lane-${index}`;

/** Times that are short enough for a long table, and limits that rows reach. A busy machine's load balancer may take a second to notice that a host left. */
export const config = (instance: InstanceFiles): string =>
  defaultConfig({...instance, channel: channelOf(instance)})
    .replace('path = "/release"', 'path = "/release"\nscript = "deploy/start"\nscript-timeout = "3s"')
    .replace('app.git" }', 'app.git", timeout = "15s" }')
    .replace('volume-type = "gp3"', 'volume-type = "gp3", max-size = "2GiB"')
    .replace(/drain = .*/, 'drain = {port = 8080, protocol = "http1", timeout = "5s", quiet = "1500ms"}')
    .replace(/interval = .*/, 'interval = "100ms"')
    .replace(/timeout = "20s"\n/, 'timeout = "5s"\n')
    .replace(/bake = .*/, 'bake = "1s"');

export type Key = 'desired' | 'policy' | 'ledger';

export interface Lane extends Host {
  /** writes one of this fleet's keys, or removes it */
  put(key: Key, value: string | Uint8Array): Promise<void>;
  remove(key: Key): Promise<void>;
  /** Makes a release of its own, good unless told; it is not asked for yet. */
  make(as: 'ext4' | 'git', how?: Partial<ReleaseOptions>): Promise<Published>;
  /** Asks for the next of a few good releases, and gives it. */
  good(): Promise<Published>;
  /** the release that served when `settled` was asked last */
  served(): Published;
  /** The main process of the application, as `pid/invocation`. */
  application(): Promise<string>;
  /** In service on the release, with nothing left behind. */
  settled(t: Test, on: Published, what: string): Promise<void>;
  boot(t: Test): Promise<void>;
}

const SETTLE_MS = 120_000;

/** The lanes of a region, one for each instance. */
export const createLanes = async (t: Test, region: Region): Promise<readonly Lane[]> => {
  const client = ec2Client(t, region.ec2);
  const make = publisher(region);
  const good = [await make('ext4', 'good-0'), await make('git', 'good-1'), await make('ext4', 'good-2')];
  return region.instances.map(instance =>
    laneOf({region, instance, channel: channelOf(instance), client}, {make, good}),
  );
};

type Make = (as: 'ext4' | 'git', name: string, how?: Partial<ReleaseOptions>) => Promise<Published>;

// One commit at a time: all lanes share the repository.
const publisher = (region: Region): Make => {
  let last: Promise<unknown> = Promise.resolve();
  return (as, name, how = {}) => {
    const release = {name, ...how};
    const made = last.then(async () => ({id: await region.publish(release, as), release}));
    last = made.catch(() => undefined);
    return made;
  };
};

interface Releases {
  readonly make: Make;
  readonly good: readonly Published[];
}

const laneOf = (host: Host, releases: Releases): Lane => {
  const {region, instance, channel} = host;
  const keyOf = (key: string): string => `release-agent/web/${channel}/${key}`;
  let turn = instance.index;
  let count = 0;
  let current: Published | undefined;
  const put: Lane['put'] = (key, value) => region.consul.put(keyOf(key), value);
  const good = async (): Promise<Published> => {
    const others = releases.good.filter(({id}) => id !== current?.id);
    turn += 1;
    const next = others[turn % others.length];
    if (!next) throw new Error('no release');
    await put('desired', next.id);
    return next;
  };
  const settled: Lane['settled'] = async (t, on, what) => {
    const {last, tookS} = await complaintsWithin(host, [on], {timeoutMs: SETTLE_MS});
    t.same(last, [], `${what} (${tookS} s)`);
    if (last.length > 0) t.comment((await instance.journal('release-agentd')).slice(-6_000));
    const active = (await journalled(instance))?.active;
    if (current === undefined || (active && releaseId(active.release) === on.id)) current = on;
  };
  return {
    ...host,
    put,
    remove: key => region.consul.delete(keyOf(key)),
    make: (as, how) => releases.make(as, `lane-${instance.index}-${++count}`, how),
    good,
    served: () => {
      if (!current) throw new Error(`${instance.id} serves nothing`);
      return current;
    },
    application: () => applicationOf(instance),
    settled,
    boot: async t => {
      await put('policy', '{}'); // Consul tells of changes sooner than of keys that are new
      const first = await good();
      await instance.boot();
      await settled(t, first, 'boots');
    },
  };
};

const applicationOf = async (instance: Instance): Promise<string> => {
  const show = ['systemctl', 'show', '--value', '--property=MainPID,InvocationID', 'web'];
  return (await instance.exec(show)).stdout.trim().replaceAll('\n', '/');
};

/** The attempt that the journal is at: grows with each one. */
export const generationOf = async (instance: Instance): Promise<number> =>
  (await journalled(instance))?.generation ?? 0;
