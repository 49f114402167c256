/** Parts of a fleet, and what is carried from one channel to the next. */
import {ledgerOf, serving} from '../../lab/instance/agents.ts';
import {provenIn, reached, releasesOf, together} from './night.ts';
import {createOperator} from './operator.ts';
import type {Row} from './row.ts';

export const SHARES: readonly Row[] = [
  {
    name: 'a share of 10 %, of 25 %, then all',
    most: 2,
    run: async (t, night) => {
      const {ada, hosts} = night;
      const [before, release] = [await provenIn(night), await night.publish()];
      t.match(await ada.deploy(release, '--share', '10%'), {code: 0});
      t.match(await ada.watch(), {code: 0});
      const [first, ...none] = await reached(night, release, 1);
      t.same(none, [], 'one host of eight');
      t.match(await ada.deploy(release, '--share', '25%'), {code: 0});
      t.match(await ada.watch(), {code: 0});
      const quarter = await reached(night, release, 2);
      t.equal(quarter.length, 2);
      t.ok(first && quarter.includes(first), 'the same host, and one more');
      t.equal(await provenIn(night), before, 'new instances boot the release before');
      t.match(await ada.agentctl('promote', '--yes'), {code: 0});
      t.match(await ada.watch(), {code: 0});
      await together(t, night, release);
      t.equal(await provenIn(night), release);
      t.equal((await releasesOf(hosts)).length, 8);
    },
  },
  {
    name: 'unify after a share',
    most: 2,
    run: async (t, night) => {
      const {ada} = night;
      const [before, release] = [await provenIn(night), await night.publish()];
      await ada.deploy(release, '--share', '25%');
      t.match(await ada.watch(), {code: 0});
      t.equal((await reached(night, release, 2)).length, 2);
      t.match(await ada.agentctl('unify', '--yes'), {code: 0});
      t.match(await ada.watch(), {code: 0});
      await together(t, night, before);
      t.equal(await provenIn(night), before, 'the release of the share was never proven');
    },
  },
  {
    name: 'what is proven in the canary channel is carried to production',
    most: 3,
    run: async (t, night) => {
      const {region, ada} = night;
      const canary = createOperator(region, 'ada', 'canary');
      const [first, release] = [await provenIn(night), await night.publish()];
      await region.consul.put('release-agent/web/canary/desired', first);
      const host = await night.launch('canary');
      try {
        await serving([host], first);
        await canary.watch();
        t.match(await canary.deploy(release), {code: 0});
        const carry = ['promote', '--from', 'canary', '--to', 'production', '--yes'];
        t.match(await ada.agentctl(...carry), {code: 1}, 'not while a rollout is under way there');
        t.match(await canary.watch(), {code: 0});
        t.match(await ada.agentctl(...carry), {code: 0});
        t.match(await ada.watch(), {code: 0});
        await together(t, night, release);
        t.match(await ledgerOf(region), {proven: release, previous: first});
      } finally {
        await host.terminate();
      }
    },
  },
];
