/** What can go missing in the middle of a rollout: the coordinator, Consul, a network; and what can come. */
import {setTimeout as sleep} from 'node:timers/promises';
import {journalled, ledgerOf, serving} from '../../lab/instance/agents.ts';
import type {Instance} from '../../lab/instance/host.ts';
import {eventually} from '../../support/eventually.ts';
import {KEYS, type Night, provenIn, reached, SIZE, together} from './night.ts';
import type {Row} from './row.ts';

const AWAY_MS = 5_000;

export const LOSSES: readonly Row[] = [
  {
    name: 'the power of the coordinator is cut in the middle of a wave',
    most: 2,
    least: SIZE - 2 - 1, // the one without power
    policy: {waves: ['canary', '75%']},
    run: async (t, night) => {
      const {ada, region} = night;
      const release = await night.publish();
      await ada.deploy(release);
      const watched = ada.watch();
      await reached(night, release, 2);
      const host = await idleCoordinator(night);
      await host.kill();
      const others = night.hosts.filter(each => each !== host);
      const killed = performance.now();
      await eventually(
        'another coordinator',
        async () => {
          const id = await region.consul.get(`${KEYS}/coordinator`);
          return id !== host.id && others.some(each => each.id === id);
        },
        {timeoutMs: 60_000},
      );
      t.pass(`another host coordinates after ${((performance.now() - killed) / 1_000).toFixed(1)} s`);
      await reached({...night, hosts: others}, release, 5);
      t.not(await provenIn(night), release, 'it is not proven while a host of the fleet is not seen');
      await host.boot();
      t.match(await watched, {code: 0, stdout: new RegExp(`${host.id} is not seen any more`)});
      await together(t, night, release);
      return [host];
    },
  },
  {
    name: "Consul's process is killed in the middle, and started again",
    most: 3,
    run: async (t, night) => {
      const {ada, region} = night;
      const release = await night.publish();
      await ada.deploy(release);
      const watched = ada.watch();
      await reached(night, release, 1);
      await region.consul.kill();
      await sleep(AWAY_MS);
      await region.consul.start();
      t.match(await watched, {code: 0, stdout: /does not answer.*the store answers again.*steady on/s});
      await together(t, night, release);
      t.equal(await provenIn(night), release);
    },
  },
  {
    name: 'the network of a host with a permit is cut, and returns',
    most: 2,
    run: async (t, night) => {
      const {ada, region} = night;
      const release = await night.publish({startDelayS: 1});
      await ada.deploy(release);
      const watched = ada.watch();
      const host = await holderIn(night, /^(activating|gating)$/);
      await host.partition();
      await reached({...night, hosts: night.hosts.filter(each => each !== host)}, release, 3);
      await eventually(
        'the host to be missing',
        async () => (await ada.agentctl('fleet')).stdout.includes(`missing      1: ${host.id}`),
        {timeoutMs: 60_000, everyMs: 1_000},
      );
      t.match(
        (await ledgerOf(region))?.permits.map(each => each.host),
        [host.id],
        'its permit is not free',
      );
      await host.heal();
      t.match(await watched, {code: 0});
      await together(t, night, release);
    },
  },
  {
    name: 'two instances that are launched in the middle boot what is proven, and follow',
    most: 2,
    run: async (t, night) => {
      const {ada, hosts} = night;
      const [before, release] = [await provenIn(night), await night.publish()];
      await ada.deploy(release);
      await reached(night, release, 1);
      const added = await Promise.all([night.launch(), night.launch()]);
      try {
        t.match(await ada.watch(), {code: 0});
        await together(t, {...night, hosts: [...hosts, ...added]}, release);
        for (const host of added) {
          const journal = await host.journal('release-agentd');
          const began = [...journal.matchAll(/activating ([0-9a-f]{12})/g)].map(([, id]) => id);
          t.same(began, [before.slice(0, 12), release.slice(0, 12)]);
        }
      } finally {
        await Promise.all(added.map(host => host.terminate()));
      }
      await eventually(
        'the fleet to have forgotten them',
        async () => (await ada.read<{missing: readonly unknown[]}>('fleet')).missing.length === 0,
        {timeoutMs: 60_000, everyMs: 1_000},
      );
      await serving(hosts, release);
    },
  },
];

/** The coordinator, once it serves and has no permit. */
const idleCoordinator = ({region, hosts}: Night): Promise<Instance> =>
  eventually(
    'the coordinator to serve',
    async () => {
      const id = await region.consul.get(`${KEYS}/coordinator`);
      const {permits = []} = (await ledgerOf(region)) ?? {};
      return permits.some(({host}) => host === id) ? undefined : hosts.find(host => host.id === id);
    },
    {timeoutMs: 30_000, everyMs: 20},
  );

/** A host with a permit, in a phase. */
const holderIn = ({region, hosts}: Night, phase: RegExp): Promise<Instance> =>
  eventually(
    `a host with a permit to be ${phase}`,
    async () => {
      const held = new Set((await ledgerOf(region))?.permits.map(({host}) => host));
      const holders = hosts.filter(({id}) => held.has(id));
      const phases = await Promise.all(holders.map(host => journalled(host)));
      return holders.find((_, n) => phase.test(phases[n]?.phase ?? ''));
    },
    {timeoutMs: 60_000, everyMs: 20},
  );
