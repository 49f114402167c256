/** The agent, or the whole instance, is killed in each phase of an update: the host ends in service on the old or the new release. */
import {EC2Client} from '@aws-sdk/client-ec2';
import t, {type Test} from 'tap';
import type {Phase} from '../../agent/core/host/state.ts';
import {unmet} from '../support/needs.ts';
import {defaultConfig, type InstanceFiles} from './host.ts';
import {complaintsOf, type Host, type Published} from './in-service.ts';
import {packageForLab} from './package.ts';
import {type Region, startRegion} from './region.ts';
import {strike, type Victim} from './strike.ts';
import {until} from './until.ts';

type Case = {readonly victim: Victim; readonly phase: Phase; readonly afterMs: number};
type Fs = 'ext4' | 'git';

/** One instance each, side by side: what runs on it, who is killed, and in which phases. A host that just serves cleans up. */
const LANES: readonly (readonly [Fs, Victim, readonly Phase[]])[] = (['ext4', 'git'] as const).flatMap(fs =>
  (['agent', 'instance'] as const).flatMap(victim => [
    [fs, victim, ['staging', 'draining', 'gating', 'baking', 'serving']] as const,
    [fs, victim, ['waiting', 'activating', 'rejoining', 'rolling-back']] as const,
  ]),
);

/** Revisions are struck as soon as a phase is journalled, snapshots when its effects are under way. */
const MIDWAY_MS: {readonly [P in Phase]?: number} = {
  staging: 300,
  draining: 300,
  activating: 300,
  gating: 150,
  rejoining: 150,
  baking: 500,
};

/** A phase can be over before the blow lands: then the next release is tried. */
const TRIES = 4;
const SETTLE_MS = 120_000;

const channelOf = ({index}: {readonly index: number}): string => `lane-${index}`;

// Each instance is a fleet of its own. Script, drain, rejoin and bake are long enough to be hit, and no longer.
const config = (instance: InstanceFiles): string =>
  defaultConfig({...instance, channel: channelOf(instance)})
    .replace('path = "/release"', 'path = "/release"\nscript = "deploy/start"')
    .replace('[gate]', 'commands = {rejoin = ["/usr/bin/sleep", "0.3"], leave = ["/usr/bin/true"]}\n\n[gate]')
    .replace(/drain = .*/, 'drain = {port = 8080, timeout = "5s", quiet = "500ms"}')
    .replace(/interval = .*/, 'interval = "100ms"')
    .replace(/timeout = "20s"\n/, 'timeout = "6s"\n')
    .replace(/bake = .*/, 'bake = "1s"');

t.test('killed in each phase', {skip: unmet('root', 'debian', 'loop'), timeout: 900_000}, async t => {
  const deb = await packageForLab();
  const region = await startRegion({
    name: `crash-${process.pid % 10_000}`,
    instances: LANES.length,
    deb,
    config,
  });
  t.teardown(region.down);
  const {address: endpoint, credentials} = region.ec2;
  const client = new EC2Client({endpoint, region: region.ec2.region, credentials});
  t.teardown(() => client.destroy());
  const publish = await publisher(region);
  const hits = new Map<string, string[]>();
  t.jobs = LANES.length;
  const lanes = LANES.map(([fs, victim, phases], index) =>
    t.test(`${fs}, kill -9 of the ${victim}: ${phases.join(', ')}`, {buffered: true}, async t => {
      const instance = region.instances[index];
      if (!instance) throw new Error(`no instance ${index}`);
      const host: Host = {region, instance, channel: channelOf(instance), client};
      const lane = createLane(host, (sick: boolean) => publish(fs, index, sick));
      await lane.boot(t);
      for (const phase of phases) {
        await t.test(`while ${phase}`, async t => {
          const seen = await lane.kill(t, {
            victim,
            phase,
            afterMs: fs === 'git' ? 0 : (MIDWAY_MS[phase] ?? 0),
          });
          hits.set(`${fs} ${victim} ${phase}`, seen);
        });
      }
    }),
  );
  await Promise.all(lanes);
  for (const [name, seen] of hits) t.comment(`${name}: ${seen.join(', ')}`);
});

type Publish = (fs: Fs, lane: number, sick: boolean) => Promise<Published>;

/** Gives each lane release after release. Snapshots are made once for all of them, and come round after the fifth. */
const publisher = async (region: Region): Promise<Publish> => {
  let last: Promise<unknown> = Promise.resolve();
  const make = async (name: string, fs: Fs, sick: boolean): Promise<Published> => {
    const release = {name, scriptS: 0.5, ...(sick && {sick})};
    const made = last.then(async () => ({id: await region.publish(release, fs), release}));
    last = made.catch(() => undefined); // one commit at a time
    return made;
  };
  const snapshots: Published[] = [];
  for (let n = 1; n <= 5; n += 1) snapshots.push(await make(`snapshot-${n}`, 'ext4', false));
  const sickSnapshot = await make('snapshot-sick', 'ext4', true);
  const counts = new Map<number, number>();
  return async (fs, lane, sick) => {
    const count = (counts.get(lane) ?? 0) + 1;
    counts.set(lane, count);
    if (fs === 'git') return make(`revision-${lane}-${count}${sick ? '-sick' : ''}`, 'git', sick);
    const good = snapshots[count % snapshots.length];
    if (!good) throw new Error('no snapshot');
    return sick ? sickSnapshot : good;
  };
};

const createLane = (host: Host, publish: (sick: boolean) => Promise<Published>) => {
  const {region, instance, channel} = host;
  const {consul} = region;
  const keys = `release-agent/web/${channel}`;
  let served: Published;
  const desire = ({id}: Published) => consul.put(`${keys}/desired`, id);

  /** Follows to the next release to the end. */
  const follow = async (t: Test): Promise<void> => {
    const next = await publish(false);
    await desire(next);
    await inService(t, host, [next], 'follows the next bump');
    served = next;
  };

  const once = async (t: Test, {victim, phase, afterMs}: Case): Promise<Phase> => {
    const next = await publish(phase === 'rolling-back');
    // Without a policy that can be read nobody is granted a permit.
    if (phase === 'waiting') await consul.put(`${keys}/policy`, 'not readable');
    const left = await strike({instance, victim, phase, afterMs, begin: () => desire(next)});
    if (victim === 'instance') await instance.boot();
    await consul.put(`${keys}/policy`, '{}');
    await inService(t, host, [served, next], `killed while ${left}, it ends in service`);
    await follow(t);
    return left;
  };

  return {
    boot: async (t: Test): Promise<void> => {
      const first = await publish(false);
      await consul.put(`${keys}/policy`, '{}'); // Consul tells of changes sooner than of keys that are new
      await desire(first);
      await instance.boot();
      await inService(t, host, [first], 'boots');
      served = first;
    },
    kill: async (t: Test, given: Case): Promise<string[]> => {
      const seen: string[] = [];
      while (seen.length < TRIES && seen.at(-1) !== given.phase) seen.push(await once(t, given));
      t.equal(seen.at(-1), given.phase, `hit within ${TRIES} tries`);
      return seen;
    },
  };
};

const inService = async (t: Test, host: Host, on: readonly Published[], what: string): Promise<void> => {
  let complaints: readonly string[] = [];
  const began = performance.now();
  const ask = async () => {
    complaints = await complaintsOf(host, on);
    return complaints.length === 0;
  };
  await until({what, timeoutMs: SETTLE_MS, everyMs: 300}, ask).catch(() => undefined);
  t.same(complaints, [], `${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  if (complaints.length > 0)
    t.comment(await host.instance.journal('release-agentd').then(text => text.slice(-8_000)));
};
