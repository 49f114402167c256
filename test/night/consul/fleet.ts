/** Three instances that are one fleet, brought to the middle of a rollout: what each row of a table of nights begins with. */
import type {Test} from 'tap';
import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import type {Phase} from '../../../agent/core/host/state.ts';
import {journalled, ledgerOf, proven, serving} from '../../lab/instance/agents.ts';
import {defaultConfig, type Instance, type InstanceFiles} from '../../lab/instance/host.ts';
import {complaintsOf, ec2Client, type Published} from '../../lab/instance/in-service.ts';
import type {Region} from '../../lab/region.ts';
import {eventually} from '../../support/eventually.ts';
import {silent, type Told} from '../told.ts';

/** As `defaultConfig`, with a script, and times in which something can happen. */
export const fleetConfig = (instance: InstanceFiles): string =>
  defaultConfig(instance)
    .replace('path = "/release"', 'path = "/release"\nscript = "deploy/start"')
    .replace(/interval = .*/, 'interval = "100ms"')
    .replace(/bake = .*/, 'bake = "2s"');

export interface Fleet {
  readonly region: Region;
  /** The next of a few releases, one after the other for ever; it is not asked for yet. */
  next(): string;
  /** What is wrong with hosts that should be in service on the release, with nothing left over. */
  complaints(release: string, instances: readonly Instance[]): Promise<readonly string[]>;
}

/** Boots the instances on a first release and waits until it is proven. */
export const bootFleet = async (t: Test, region: Region): Promise<Fleet> => {
  const client = ec2Client(t, region.ec2);
  const releases: Published[] = [];
  for (const [n, as] of (['ext4', 'git', 'ext4', 'git'] as const).entries()) {
    const release = {name: `release-${n}`, scriptS: 2};
    releases.push({id: await region.publish(release, as), release});
  }
  let turn = 0;
  const next = (): string => {
    turn += 1;
    return releases[turn % releases.length]?.id ?? '';
  };
  const first = next();
  await region.desire(first);
  await region.boot();
  await serving(region.instances, first);
  await proven(region, first);
  const complaints: Fleet['complaints'] = async (release, instances) => {
    const on = releases.filter(({id}) => id === release);
    const of = (instance: Instance) => complaintsOf({region, instance, channel: 'production', client}, on);
    return (await Promise.all(instances.map(of))).flat();
  };
  return {region, next, complaints};
};

export interface Midway {
  readonly release: string;
  readonly holder: Instance;
  /** those that have no permit */
  readonly others: readonly Instance[];
}

/** Begins a rollout and returns once the first host, which has the permit, is in the phase. */
export const begin = async ({region, next}: Fleet, phase: Phase): Promise<Midway> => {
  const release = next();
  await region.desire(release);
  return {release, ...(await holderIn(region, phase))};
};

/** Waits until a host with a permit is in the phase. */
export const holderIn = (region: Region, phase: Phase): Promise<Omit<Midway, 'release'>> =>
  eventually(
    `a host with a permit to be ${phase}`,
    async () => {
      const host = (await ledgerOf(region))?.permits[0]?.host;
      const holder = region.instances.find(each => each.id === host);
      if (holder === undefined || (await journalled(holder))?.phase !== phase) return undefined;
      return {holder, others: region.instances.filter(each => each !== holder)};
    },
    {timeoutMs: 60_000, everyMs: 20},
  );

/** The rollout ends: every host serves the release, it is proven, no permit is out, nobody waits, nothing is left over. */
export const finished = async (
  t: Test,
  {region, complaints}: Fleet,
  release: string,
  instances = region.instances,
): Promise<void> => {
  await serving(instances, release, 150_000);
  await proven(region, release);
  const isOver = ({permits, blocked}: Ledger) => permits.length === 0 && blocked === null;
  await eventually(
    'the end of the rollout',
    async () => {
      const ledger = await ledgerOf(region);
      return ledger !== null && isOver(ledger);
    },
    {timeoutMs: 60_000, everyMs: 100},
  );
  await eventually('all in traffic', () => region.balancer.ready().length === instances.length, {
    timeoutMs: 60_000,
  });
  let left: readonly string[] = ['all'];
  const isClean = async () => {
    left = await complaints(release, instances);
    return left.length === 0;
  };
  await eventually('no complaint', isClean, {timeoutMs: 60_000, everyMs: 300}).catch(() => undefined);
  t.same(left, [], `${instances.length} hosts serve ${release}, it is proven, and nothing is left over`);
};

/** Waits until every one of them tells the reason everywhere; says who does not. */
export const tells = async (
  t: Test,
  heard: readonly (() => Promise<Told>)[],
  {reason, timeoutMs = 60_000}: {readonly reason: RegExp; readonly timeoutMs?: number},
): Promise<void> => {
  let quiet: readonly string[] = ['all'];
  const began = performance.now();
  const isTold = async () => {
    quiet = (await Promise.all(heard.map(async say => silent(await say(), reason)))).flat();
    return quiet.length === 0;
  };
  await eventually(String(reason), isTold, {timeoutMs, everyMs: 500}).catch(() => undefined);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  t.same(quiet, [], `${reason} in status, why, STATUS= and log of ${heard.length} (${seconds} s)`);
};
