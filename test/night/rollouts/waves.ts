/** Rollouts that go as they should. */
import type {RolloutRecord} from '../../../agent/core/fleet/record/record.ts';
import {ledgerOf} from '../../lab/instance/agents.ts';
import {provenIn, reached, recordOf, together} from './night.ts';
import type {Row} from './row.ts';

const IN_WAVES = {waves: ['canary', '10%', '25%'], bake: '2s'};

export const WAVES: readonly Row[] = [
  {
    name: 'canary, 10 %, a quarter, all',
    most: 3,
    policy: IN_WAVES,
    run: async (t, night) => {
      const {ada, canary} = night;
      const release = await night.publish();
      const {waves} = await ada.read<{waves: readonly {hosts: readonly string[]}[]}>('plan', release);
      t.same(waves[0]?.hosts, [canary.id], 'the canary is planned to be the first');
      t.match(await ada.deploy(release), {code: 0});
      const {code, stdout} = await ada.watch();
      t.equal(code, 0);
      t.match(
        stdout,
        /wave 1 of 3 \(canary\).*\(canary\) is watched until.*wave 3 of 3 \(25%\).*past its waves.*steady on/s,
      );
      await together(t, night, release);
      t.equal(await provenIn(night), release);
      const record = await recordOf(night);
      t.match(record, {by: 'ada', message: 'for a test', end: {outcome: 'proven'}});
      t.same(
        record.hosts.map(({result}) => result),
        Array(night.hosts.length).fill('done'),
      );
      t.same(
        record.hosts.slice(0, 2).map(({host}) => host),
        waves.flatMap(({hosts}) => hosts).slice(0, 2),
        'the waves had the hosts that were planned',
      );
    },
  },
  {
    name: 'a bump while a rollout is under way',
    most: 2,
    run: async (t, night) => {
      const {ada, bob} = night;
      const [skipped, release] = [await night.publish(), await night.publish()];
      await ada.deploy(skipped);
      await reached(night, skipped, 2);
      const {code, stdout} = await bob.deploy(release);
      t.equal(code, 0, stdout);
      t.equal((await ada.watch()).code, 0);
      await together(t, night, release);
      const {proven, previous, rollout} = (await ledgerOf(night.region)) ?? {};
      t.equal(proven, release);
      t.not(previous, skipped, 'the release that was skipped was never proven');
      const number = (rollout?.number ?? 0) - 1;
      const record = await ada.read<RolloutRecord>('history', '--rollout', String(number));
      t.match(record, {release: skipped, by: 'ada', end: {outcome: 'superseded'}});
      t.ok(record.hosts.length < night.hosts.length, 'hosts went straight to the newest');
    },
  },
  {
    name: 'back to the release before, without waves',
    most: 3,
    hasPrevious: true,
    policy: {...IN_WAVES, bake: '10m'},
    run: async (t, night) => {
      const {ada, region} = night;
      const before = (await ledgerOf(region))?.previous ?? '';
      t.match(await ada.agentctl('revert', '--message', 'the cart fails', '--yes'), {code: 0});
      t.match(await ada.watch(), {code: 0});
      await together(t, night, before);
      t.match((await ledgerOf(region))?.rollout, {way: 'back', release: before});
    },
  },
];
