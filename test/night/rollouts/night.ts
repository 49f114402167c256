/** Eight small instances that are one fleet, and the people who run it: what every row of the tables here has in common. */
import type {Test} from 'tap';
import type {StatusReport} from '../../../agent/control/protocol.ts';
import type {RolloutRecord} from '../../../agent/core/fleet/record/record.ts';
import type {ReleaseOptions} from '../../lab/application/releases.ts';
import {packageForLab} from '../../lab/image/package.ts';
import {journalled, ledgerOf, proven, report, serving, tellWhenFailed} from '../../lab/instance/agents.ts';
import {defaultConfig, type Instance, type InstanceFiles} from '../../lab/instance/host.ts';
import {type Region, startRegion} from '../../lab/region.ts';
import {eventually} from '../../support/eventually.ts';
import {createOperator, type Operator} from './operator.ts';

export interface Night {
  readonly region: Region;
  /** the fleet's own instances; the first is the canary */
  readonly hosts: readonly Instance[];
  readonly canary: Instance;
  readonly ada: Operator;
  readonly bob: Operator;
  /** A new release, which nobody has asked for yet. */
  publish(more?: Omit<ReleaseOptions, 'name'>): Promise<string>;
  /** Launches one more instance, of this channel, and boots it. */
  launch(channel?: string): Promise<Instance>;
}

export const SIZE = 8;
export const KEYS = 'release-agent/web/production';

/** What brings a fleet together again, whatever became of it: as fast as it can. */
const AT_ONCE = {concurrency: 4, floor: '25%', budget: SIZE};

const config = (files: InstanceFiles): string =>
  defaultConfig(files)
    .replace(/drain = .*/, 'drain = {port = 8080, protocol = "http1", timeout = "10s", quiet = "300ms"}')
    .replace(/interval = .*/, 'interval = "100ms"')
    .replace(/timeout = "20s"\n/, 'timeout = "8s"\n')
    .replace(/bake = .*/, 'bake = "2500ms"');

/** Boots the fleet on a first release, by the key alone, and waits until that is proven. */
export const startNight = async (t: Test, name: string): Promise<Night> => {
  let channel = 'production';
  const region = await startRegion({
    name: `${name}-${process.pid % 10_000}`,
    instances: SIZE,
    deb: await packageForLab(),
    config: files => config({...files, channel}),
    tags: index => ({'release-agent:canary': String(index === 1)}),
  });
  t.teardown(region.down);
  t.teardown(() => tellWhenFailed(t, region));
  let releases = 0;
  const publish: Night['publish'] = more => {
    releases += 1;
    return region.publish({name: `release-${releases}`, ...more}, 'git');
  };
  const launch: Night['launch'] = async (of = 'production') => {
    channel = of;
    const instance = await region.addInstance();
    await instance.boot();
    return instance;
  };
  const hosts = [...region.instances];
  const [canary] = hosts;
  if (!canary) throw new Error('no instance');
  const first = await publish();
  await region.consul.put(`${KEYS}/policy`, JSON.stringify(AT_ONCE));
  await region.desire(first);
  await region.boot();
  await serving(hosts, first);
  await proven(region, first);
  const [ada, bob] = [createOperator(region, 'ada'), createOperator(region, 'bob')];
  return {region, hosts, canary, ada, bob, publish, launch};
};

/** The release that new instances boot. */
export const provenIn = async ({region}: Night): Promise<string> => {
  const {proven: release} = (await ledgerOf(region)) ?? {};
  if (!release) throw new Error('nothing is proven');
  return release;
};

/** Releases of these hosts, as they journalled them. */
export const releasesOf = async (hosts: readonly Instance[]): Promise<readonly (string | undefined)[]> =>
  Promise.all(hosts.map(releaseOn));

export const releaseOn = async (host: Instance): Promise<string | undefined> => {
  const release = (await journalled(host))?.active?.release;
  return release?.kind === 'git' ? release.revision : undefined;
};

/** Hosts that have the release, when there are as many as wanted. */
export const reached = ({hosts}: Night, release: string, count: number): Promise<readonly Instance[]> =>
  eventually(
    `${count} hosts to have the release`,
    async () => {
      const releases = await releasesOf(hosts);
      const have = hosts.filter((_, n) => releases[n] === release);
      return have.length >= count && have;
    },
    {timeoutMs: 90_000, everyMs: 50},
  );

/** What is kept of the last rollout, once every permit of it has an end: it is noted a little after that. */
export const recordOf = ({region, ada}: Night): Promise<RolloutRecord> =>
  eventually(
    'the record of the rollout',
    async () => {
      const number = (await ledgerOf(region))?.rollout?.number;
      const record = await ada.read<RolloutRecord>('history', '--rollout', String(number));
      return record.hosts.length > 0 && record.hosts.every(({result}) => result !== null) && record;
    },
    {timeoutMs: 45_000, everyMs: 1_000},
  );

/** One release on every host, all of them in traffic, and nobody on the way. */
export const together = async (
  t: Test,
  {region, hosts}: Pick<Night, 'region' | 'hosts'>,
  release: string,
): Promise<void> => {
  // one that still wants what was halted waits, and serves
  const serves = ({serving: isIn, active, phase}: StatusReport): boolean =>
    isIn && active?.release === release && ['serving', 'waiting'].includes(phase);
  const areTogether = async () =>
    (await Promise.all(hosts.map(report))).every(each => each !== null && serves(each));
  await eventually(`${hosts.length} hosts to serve ${release}`, areTogether, {
    timeoutMs: 90_000,
    everyMs: 250,
  });
  const {permits} = (await ledgerOf(region)) ?? {};
  t.same(permits, [], 'no permit is out');
  const areIn = () => hosts.every(({ip}) => region.balancer.ready().includes(ip));
  await eventually('all in traffic', areIn, {timeoutMs: 30_000});
  t.pass(`${hosts.length} hosts serve one release`);
};

/** Mends what a row before may have left: each row begins with one proven release, the one before if it needs that, and nothing in its way. */
export const settle = async (
  {region, hosts, ada, publish}: Night,
  policy: object,
  {hasPrevious = false}: {readonly hasPrevious?: boolean} = {},
): Promise<void> => {
  const {consul} = region;
  await consul.start();
  for (const key of ['freeze', 'lock']) await consul.delete(`${KEYS}/${key}`);
  for (const host of hosts) await (host.pid() === undefined ? host.boot() : host.heal());
  const {proven: release, previous} = (await ledgerOf(region)) ?? {};
  const isMixed = (await releasesOf(hosts)).some(each => each !== release);
  const isWhole = region.balancer.ready().length === SIZE;
  if (isMixed || !isWhole || (hasPrevious && !previous)) {
    await consul.put(`${KEYS}/policy`, JSON.stringify(AT_ONCE));
    await ada.deploy(await publish());
    const {code, stdout} = await ada.watch();
    if (code !== 0) throw new Error(`the fleet cannot be brought together: ${stdout}`);
  }
  await consul.put(`${KEYS}/policy`, JSON.stringify(policy));
};
