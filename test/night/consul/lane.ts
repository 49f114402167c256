/** One instance that is a fleet of its own: driven from release to release, stopped in a phase on the way, asked what it says. */
import type {Test} from 'tap';
import type {Phase, State} from '../../../agent/core/host/state.ts';
import {releaseId} from '../../../agent/core/release.ts';
import {journalled} from '../../lab/instance/agents.ts';
import {defaultConfig, type Instance, type InstanceFiles} from '../../lab/instance/host.ts';
import {complaintsWithin, ec2Client, type Host, type Published} from '../../lab/instance/in-service.ts';
import type {Region} from '../../lab/region.ts';
import {eventually} from '../../support/eventually.ts';

export const channelOf = ({index}: {readonly index: number}): string => `lane-${index}`;

/** Script, drain, rejoin and bake are long enough to be met, and no longer. */
export const laneConfig = (instance: InstanceFiles): string =>
  defaultConfig({...instance, channel: channelOf(instance)})
    .replace('path = "/release"', 'path = "/release"\nscript = "deploy/start"')
    .replace('[gate]', 'commands = {rejoin = ["/usr/bin/sleep", "1"], leave = ["/usr/bin/true"]}\n\n[gate]')
    .replace(/drain = .*/, 'drain = {port = 8080, protocol = "http1", timeout = "8s", quiet = "1s"}')
    .replace(/interval = .*/, 'interval = "100ms"')
    .replace(/timeout = "20s"\n/, 'timeout = "8s"\n')
    .replace(/bake = .*/, 'bake = "2s"');

/** The phases of an update, in order; a host that just serves is idle. */
export const PHASES: readonly Phase[] = [
  'serving',
  'staging',
  'waiting',
  'draining',
  'activating',
  'gating',
  'rejoining',
  'baking',
];

export interface Lane {
  readonly instance: Instance;
  /** Boots the instance on a first release. */
  boot(t: Test): Promise<void>;
  /** Begins an update and returns once the host is in the phase; for `serving` nothing is begun. Gives the release before it and after. */
  reach(phase: Phase): Promise<readonly Published[]>;
  /** What a lane that waits was waiting for is there again. */
  letGo(): Promise<void>;
  /** In service on one of these, with nothing left behind. */
  settled(t: Test, on: readonly Published[], what: string): Promise<void>;
  /** Follows the next release to the end. */
  follow(t: Test): Promise<void>;
}

const SETTLE_MS = 120_000;

/** The lanes of a region, one for each instance. Their releases are made here and used again and again. */
export const createLanes = async (t: Test, region: Region): Promise<readonly Lane[]> => {
  const client = ec2Client(t, region.ec2);
  const releases: Published[] = [];
  for (const [n, fs] of (['ext4', 'git', 'ext4', 'git'] as const).entries()) {
    const release = {name: `release-${n}`, scriptS: 1.5, startDelayS: 1};
    releases.push({id: await region.publish(release, fs), release});
  }
  return region.instances.map(instance =>
    laneOf({region, instance, channel: channelOf(instance), client}, releases),
  );
};

const laneOf = (host: Host, releases: readonly Published[]): Lane => {
  const {region, instance, channel} = host;
  const keys = `release-agent/web/${channel}`;
  let turn = instance.index;
  let served: Published | undefined;

  const next = async (): Promise<Published> => {
    turn += 1;
    const release = releases[turn % releases.length];
    if (!release) throw new Error('no release');
    await region.consul.put(`${keys}/desired`, release.id);
    return release;
  };
  const settled = async (t: Test, on: readonly Published[], what: string): Promise<void> => {
    const {last, tookS} = await complaintsWithin(host, on, {timeoutMs: SETTLE_MS});
    t.same(last, [], `${what} (${tookS} s)`);
    const state = await eventually('a journal', async () => (await journalled(instance)) ?? undefined);
    served = on.find(({id}) => state.active && id === releaseId(state.active.release)) ?? served;
    if (last.length > 0) t.comment((await instance.journal('release-agentd')).slice(-8_000));
  };
  const follow = async (t: Test): Promise<void> => settled(t, [await next()], 'follows the next bump');

  return {
    instance,
    boot: async t => {
      await region.consul.put(`${keys}/policy`, '{}');
      const first = await next();
      await instance.boot();
      await settled(t, [first], 'boots');
    },
    reach: async phase => {
      if (!served) throw new Error('not booted');
      if (phase === 'serving') return [served];
      // Without a policy that can be read nobody is granted a permit.
      if (phase === 'waiting') await region.consul.put(`${keys}/policy`, 'not readable');
      const before = served;
      const since = (await journalled(instance))?.generation ?? 0;
      const after = await next();
      const isThere = (state: State | null) => state?.phase === phase && state.generation > since;
      await eventually(`${instance.id} to be ${phase}`, async () => isThere(await journalled(instance)), {
        timeoutMs: 60_000,
        everyMs: 2,
      });
      return [before, after];
    },
    letGo: () => region.consul.put(`${keys}/policy`, '{}'),
    settled,
    follow,
  };
};
