/** One instance at a time that is a fleet of its own: taken through journeys, killed on the way, and looked at afterwards. */
import type {EC2Client} from '@aws-sdk/client-ec2';
import type {Test} from 'tap';
import {releaseId} from '../../../agent/core/release.ts';
import {journalled} from '../../lab/instance/agents.ts';
import {type Holder, openHolder} from '../../lab/instance/hold.ts';
import {defaultConfig, type Instance, type InstanceFiles} from '../../lab/instance/host.ts';
import {complaintsWithin, type Host, type Published} from '../../lab/instance/in-service.ts';
import type {Region} from '../../lab/region.ts';
import {eventually} from '../../support/eventually.ts';
import type {Journey} from './step.ts';

export type Fs = 'ext4' | 'git';

const channelOf = ({index}: {readonly index: number}): string => `lane-${index}`;

// Each instance is a fleet of its own. Script, drain, rejoin and bake are long enough to be met, and no longer.
export const config = (instance: InstanceFiles): string =>
  defaultConfig({...instance, channel: channelOf(instance)})
    .replace('path = "/release"', 'path = "/release"\nscript = "deploy/start"')
    .replace('[gate]', 'commands = {rejoin = ["/usr/bin/sleep", "0.3"], leave = ["/usr/bin/true"]}\n\n[gate]')
    .replace(/drain = .*/, 'drain = {port = 8080, protocol = "http1", timeout = "5s", quiet = "500ms"}')
    .replace(/interval = .*/, 'interval = "100ms"')
    .replace(/timeout = "20s"\n/, 'timeout = "6s"\n')
    .replace(/bake = .*/, 'bake = "1s"');

/** Releases as they are needed: snapshots made once come round again, a revision is made for each. */
export interface Releases {
  good(): Promise<Published>;
  /** starts, and never becomes healthy */
  sick(): Promise<Published>;
}

/** A host on its way: what it left, what it was asked to become, and where it has to end. */
export interface Way {
  readonly begin: () => Promise<unknown>;
  /** Waits until the host is where it was asked to go. */
  readonly over: () => Promise<unknown>;
  readonly end: Published;
}

export interface Lane extends Host {
  readonly holder: Holder;
  /** What makes the host go on this journey, and the release it ends on. For `boot` it has to be new. */
  way(journey: Journey): Promise<Way>;
  /** what it was found in service on last */
  served(): Published;
  /** In service on the release with nothing left behind. */
  settled(t: Test, on: Published, what: string): Promise<boolean>;
  remove(): Promise<void>;
}

const SETTLE_MS = 120_000;

export const releasesOf = async (region: Region, fs: Fs): Promise<Releases> => {
  let last: Promise<unknown> = Promise.resolve();
  let count = 0;
  const make = (sick: boolean): Promise<Published> => {
    count += 1;
    const release = {name: `${fs}-${count}${sick ? '-sick' : ''}`, scriptS: 0.5, ...(sick && {sick})};
    const made = last.then(async () => ({id: await region.publish(release, fs), release}));
    last = made.catch(() => undefined); // one commit at a time
    return made;
  };
  if (fs === 'git') return {good: () => make(false), sick: () => make(true)};
  const snapshots = [await make(false), await make(false), await make(false)] as const;
  const sick = await make(true);
  let turn = 0;
  return {
    good: async () => snapshots[turn++ % snapshots.length] ?? snapshots[0],
    sick: async () => sick,
  };
};

interface LaneParts {
  readonly region: Region;
  readonly client: EC2Client;
  readonly releases: Releases;
  /** what is done to its machine before its journal is watched */
  readonly furnish?: (instance: Instance) => Promise<unknown>;
}

/** Makes an instance that has never been booted, and watches its journal. */
export const newLane = async ({region, client, releases, furnish}: LaneParts): Promise<Lane> => {
  const instance = await region.addInstance();
  await furnish?.(instance);
  const holder = await openHolder(instance.root);
  const host: Host = {region, instance, channel: channelOf(instance), client};
  const key = (name: string) => `release-agent/web/${host.channel}/${name}`;
  await region.consul.put(key('policy'), '{}'); // Consul tells of changes sooner than of keys that are new
  let asked = 0;
  /** Another value each time: a release that was rejected is tried again. */
  const desire = ({id}: Published) =>
    region.consul.put(key('desired'), JSON.stringify({release: id, message: `${++asked}`}));
  let served: Published | undefined;

  /** One that differs from what is served: with snapshots that come round it might not. */
  const another = async (): Promise<Published> => {
    const next = await releases.good();
    return next.id === served?.id ? releases.good() : next;
  };
  const now = (): Published => {
    if (!served) throw new Error(`${instance.id} never served`);
    return served;
  };
  const ways: {readonly [J in Journey]: () => Promise<Way>} = {
    boot: async () => {
      const end = await another();
      await desire(end);
      return {begin: instance.boot, over: nothing, end};
    },
    reboot: async () => {
      await instance.stop();
      return {begin: instance.boot, over: nothing, end: now()};
    },
    update: async () => {
      const end = await another();
      return {begin: () => desire(end), over: nothing, end};
    },
    rollback: async () => {
      const sick = await releases.sick();
      return {begin: () => desire(sick), over: () => rejected(instance, sick), end: now()};
    },
  };
  const settled = async (t: Test, on: Published, what: string): Promise<boolean> => {
    const complaints = await complaintsWithin(host, [on], {timeoutMs: SETTLE_MS});
    t.same(complaints.last, [], `${what} (${complaints.tookS} s)`);
    if (complaints.last.length > 0) t.comment((await instance.journal('release-agentd')).slice(-8_000));
    served = on;
    return complaints.last.length === 0;
  };
  const remove = async () => {
    await holder.close();
    await instance.terminate();
  };
  return {...host, holder, way: journey => ways[journey](), served: now, settled, remove};
};

const nothing = async (): Promise<void> => {};

const rejected = (instance: Instance, {id}: Published): Promise<unknown> =>
  eventually(
    `${id} to be rejected`,
    async () => {
      const {rejected} = (await journalled(instance)) ?? {};
      return rejected && releaseId(rejected.release) === id;
    },
    {timeoutMs: SETTLE_MS, everyMs: 100},
  );
