/** Releases that are bad, each in its way; none of them answers a request wrongly. */
import {ledgerOf} from '../../lab/instance/agents.ts';
import type {Instance} from '../../lab/instance/host.ts';
import {type Night, provenIn, recordOf, releasesOf, SIZE, together} from './night.ts';
import type {Row} from './row.ts';

/** Passes any gate, and not the bake: it is sick as soon as it has answered somebody. */
const IN_BAKE = {sickAfterAnswers: 1};
const HALTED = 5;
/** A host that went back gives its permit back a moment before it gets requests again: only the floor of the policy holds then. */
const FLOOR = SIZE / 2;

export const FAILURES: readonly Row[] = [
  {
    name: 'healthy at the gate, and not in its bake: one canary tries it',
    most: 3,
    policy: {waves: ['canary', '50%'], bake: '2s'},
    run: async (t, night) => {
      const {ada, canary, region} = night;
      const [before, release] = [await provenIn(night), await night.publish(IN_BAKE)];
      await ada.deploy(release);
      const {code, stdout} = await ada.watch();
      t.equal(code, HALTED);
      t.match(stdout, new RegExp(`it failed on ${canary.id}: it failed while baking`));
      await together(t, night, before);
      const {blocked, denied = []} = (await ledgerOf(region)) ?? {};
      const record = await recordOf(night);
      t.match(
        record.hosts.map(({host, result}) => [host, result]),
        [[canary.id, 'rolled-back']],
        'no other host left traffic',
      );
      t.match(blocked, {kind: 'permit.halted', details: {verdict: 'host'}});
      t.notOk(denied.includes(release), 'one host says nothing of the release');
      t.match(await ada.agentctl('fleet'), {code: 4, stdout: /halted/});
    },
  },
  {
    name: 'the budget is spent: halted, and denied until it is allowed',
    most: 2,
    least: FLOOR,
    policy: {budget: 2},
    run: async (t, night) => {
      const {ada, bob, region} = night;
      const [before, release] = [await provenIn(night), await night.publish(IN_BAKE)];
      await ada.deploy(release);
      t.match(await ada.watch(), {code: HALTED});
      await together(t, night, before);
      const {failures = [], denied} = (await ledgerOf(region)) ?? {};
      t.ok(
        failures.length <= 3,
        `${failures.length}: as many as the budget, and one who had a permit by then`,
      );
      t.ok(denied?.includes(release));
      t.match(await bob.deploy(release), {code: 1, stderr: /denied/});
      t.match(await bob.agentctl('allow', release), {code: 0});
      t.notOk((await ledgerOf(region))?.denied.includes(release));
    },
  },
  {
    name: 'the budget is spent, and the fleet takes itself back',
    most: 2,
    least: FLOOR,
    policy: {waves: ['canary', '50%'], bake: '1s', onFailure: 'revert'},
    run: async (t, night) => {
      const {ada, region} = night;
      const before = await provenIn(night);
      const release = await night.publish({...IN_BAKE, sickWhere: SICK_HERE});
      const bad = await lastOfWave(night, release, 1);
      await bad.exec(['touch', SICK_HERE]);
      await ada.deploy(release);
      const {code, stdout} = await ada.watch();
      t.equal(code, HALTED);
      t.match(stdout, /failed; going back to .*failed; back on/s);
      await together(t, night, before);
      t.equal(new Set(await releasesOf(night.hosts)).size, 1);
      const {rollout} = (await ledgerOf(region)) ?? {};
      t.match(rollout, {release, revert: {release: before}});
      const record = await recordOf(night);
      t.equal(record.end?.outcome, 'reverted');
      const back = record.hosts.filter(({to}) => to === before);
      t.ok(back.length >= 2, `${back.length} hosts that had it went back`);
      t.same(
        record.hosts.filter(({result}) => result === 'rolled-back').map(({host}) => host),
        [bad.id],
      );
    },
  },
];

const SICK_HERE = '/run/sick-here';

/** The host that is planned to be the last of a wave. */
const lastOfWave = async ({ada, hosts}: Night, release: string, wave: number): Promise<Instance> => {
  const {waves} = await ada.read<{waves: readonly {hosts: readonly string[]}[]}>('plan', release);
  const id = waves[wave]?.hosts.at(-1);
  const host = hosts.find(each => each.id === id);
  if (!host) throw new Error(`no host in wave ${wave} of ${JSON.stringify(waves)}`);
  return host;
};
