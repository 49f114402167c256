/** Operators in each other's way, and in the way of the fleet. */
import {setTimeout as sleep} from 'node:timers/promises';
import {journalled, ledgerOf} from '../../lab/instance/agents.ts';
import {eventually} from '../../support/eventually.ts';
import {KEYS, reached, together} from './night.ts';
import type {Row} from './row.ts';

const QUIET_MS = 4_000;

export const OPERATORS: readonly Row[] = [
  {
    name: 'two operators deploy at once',
    most: 3,
    run: async (t, night) => {
      const {ada, bob, region} = night;
      const [hers, his] = [await night.publish(), await night.publish()];
      const [one, other] = await Promise.all([ada.deploy(hers), bob.deploy(his)]);
      const refused = [one, other].filter(({code}) => code !== 0);
      t.ok(refused.length < 2, 'one of them at least is heard');
      for (const each of refused) t.match(each, {code: 1, stderr: /look at that, and ask again/});
      const desired = JSON.parse((await region.consul.get(`${KEYS}/desired`)) ?? '{}') as {release?: string};
      const release = desired.release === hers ? hers : his;
      t.match(await ada.watch(), {code: 0});
      await together(t, night, release);
    },
  },
  {
    name: 'a lock keeps the other operator out, until it is broken',
    most: 4,
    run: async (t, night) => {
      const {ada, bob, region} = night;
      const release = await night.publish();
      t.match(await ada.agentctl('lock', '--message', 'I test by hand'), {code: 0});
      t.match(await bob.deploy(release), {code: 1, stderr: /locked by ada .*I\s+test\s+by\s+hand/s});
      const {fence} = (await ledgerOf(region)) ?? {};
      await region.desire(release); // by hand, as consul kv put
      await sleep(QUIET_MS);
      t.equal((await ledgerOf(region))?.fence, fence, 'a key written past it waits');
      t.match(await bob.agentctl('unlock', '--break', '--yes'), {code: 0, stdout: /I\s+test\s+by\s+hand/});
      t.match(await bob.watch(), {code: 0});
      await together(t, night, release);
    },
  },
  {
    name: 'frozen in the middle from one host, and thawed from another',
    most: 2,
    run: async (t, night) => {
      const {ada, region, hosts} = night;
      const [one, other] = hosts;
      const release = await night.publish();
      await ada.deploy(release);
      const watched = ada.watch();
      await reached(night, release, 2);
      t.match(await one?.agentctl('freeze', '--message', 'the database moves'), {code: 0});
      await eventually(
        'those that were out to come back',
        async () => (await ledgerOf(region))?.permits.length === 0,
        {timeoutMs: 30_000, everyMs: 100},
      );
      const {fence} = (await ledgerOf(region)) ?? {};
      await sleep(QUIET_MS);
      const frozen = await ledgerOf(region);
      t.match(frozen, {fence, permits: [], blocked: {kind: 'permit.frozen'}}, 'nobody else goes');
      for (const host of hosts) t.match((await journalled(host))?.phase, /^(serving|waiting)$/);
      t.match(await ada.agentctl('fleet'), {code: 4, stdout: /the database moves/});
      t.match(await other?.agentctl('thaw', '--yes'), {code: 0});
      t.match(await watched, {code: 0, stdout: /frozen by .*no longer frozen.*steady on/s});
      await together(t, night, release);
    },
  },
];
