/** Three instances behind HAProxy under load: they boot, follow, go back, and lose no request. */
import t from 'tap';
import type {State} from '../../agent/core/host/state.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {packageForLab} from './image/package.ts';
import {answers, journalled, ledgerOf, proven, report, serving, tellWhenFailed} from './instance/agents.ts';
import {defaultConfig, type Instance} from './instance/host.ts';
import {ADDRESSES} from './network/network.ts';
import {type Region, startRegion} from './region.ts';

const GATE_S = 6;

const config = (instance: Parameters<typeof defaultConfig>[0]): string =>
  defaultConfig(instance)
    .replace(/(bake = .*)/, '$1')
    .replace(/\[gate\][^[]*/, gate => gate.replace(/timeout = "[^"]*"/, `timeout = "${GATE_S}s"`));

/** Samples how many of the instances are in traffic, until it is told to stop. */
const watchTraffic = (region: Region) => {
  let least = region.balancer.ready().length;
  const timer = setInterval(() => {
    least = Math.min(least, region.balancer.ready().length);
  }, 10);
  timer.unref();
  return () => {
    clearInterval(timer);
    return least;
  };
};

const all = (region: Region, count: number): Promise<unknown> =>
  eventually(`${count} in traffic`, () => region.balancer.ready().length === count, {timeoutMs: 60_000});

const holderOf = (region: Region): Promise<Instance> =>
  eventually(
    'a host to hold the permit',
    async () => {
      const host = (await ledgerOf(region))?.permits[0]?.host;
      return region.instances.find(each => each.id === host);
    },
    {timeoutMs: 60_000, everyMs: 20},
  );

const isGoingBack = (state: State | null): boolean =>
  state !== null && 'attempt' in state && state.attempt.purpose === 'rollback';

t.test('three instances under load', {skip: unmet('root', 'debian', 'loop'), timeout: 600_000}, async t => {
  const deb = await packageForLab();
  const region = await startRegion({name: `roll-${process.pid % 10_000}`, instances: 3, deb, config});
  t.teardown(region.down);
  t.teardown(() => tellWhenFailed(t, region));
  const {instances} = region;
  const one = await region.publish({name: 'one'}, 'ext4');
  const two = await region.publish({name: 'two'}, 'ext4');
  const sick = await region.publish({name: 'sick', sick: true}, 'ext4');
  const three = await region.publish({name: 'three'}, 'git');

  await t.test(
    '(a) they boot the desired snapshot from Consul with no human, served from the mounted volume',
    async t => {
      await region.desire(one);
      await region.boot();
      await serving(instances, one);
      await all(region, 3);
      for (const instance of instances) {
        t.equal(await answers(instance), 'one');
        const {stdout} = await instance.exec([
          'findmnt',
          '-n',
          '-o',
          'SOURCE,OPTIONS',
          '-T',
          '/release/app.py',
        ]);
        t.match(stdout, /^\/dev\/xvd\w+ .*\bro\b/);
      }
      await proven(region, one);
    },
  );

  await t.test('(b) all follow a bump, one at a time, and no request is lost', async t => {
    const least = watchTraffic(region);
    const load = region.startLoad({rps: 220, seconds: 300});
    await region.desire(two);
    await serving(instances, two);
    await all(region, 3);
    const {requests, failed, failures, byRelease} = await load.stop();
    t.same(failures.slice(0, 3), []);
    t.equal(failed, 0, `${requests} requests`);
    t.ok(requests > 1000 && (byRelease.one ?? 0) > 0 && (byRelease.two ?? 0) > 0, JSON.stringify(byRelease));
    t.equal(least(), 2, 'never more than one out');
    t.comment(`${requests} requests, ${failed} failed`);
  });

  await t.test(
    '(c) a release that fails its gate is taken back on one host and reaches no other',
    async t => {
      const least = watchTraffic(region);
      const load = region.startLoad({rps: 220, seconds: 300});
      await region.desire(sick);
      const holder = await holderOf(region);
      const others = instances.filter(each => each !== holder);
      await eventually(
        'the rollout to halt',
        async () => (await ledgerOf(region))?.blocked?.kind === 'permit.halted',
        {timeoutMs: 90_000, everyMs: 200},
      );
      await all(region, 3);
      const {failed, requests, failures} = await load.stop();
      t.same(failures.slice(0, 3), []);
      t.equal(failed, 0, `${requests} requests`);
      t.equal(least(), 2, 'only the first host left traffic');
      t.match((await report(holder))?.rejected, {release: sick});
      t.match(
        (await holder.agentctl('why')).stdout.replace(/\s+/g, ' '),
        /taken back: the health gate .* HTTP 500/,
      );
      for (const other of others) {
        t.match((await other.agentctl('why')).stdout.replace(/\s+/g, ' '), /is halted: it failed on 1 host/);
        t.equal((await report(other))?.active?.release, two);
        t.notOk((await other.journal('release-agentd')).split(two).at(-1)?.includes('leaving traffic'));
      }
      for (const instance of instances) t.equal(await answers(instance), 'two');
    },
  );

  await t.test(
    '(d) with Consul and EC2 cut off from the switch on, the host is back within 10 s of the failed gate',
    async t => {
      const worse = await region.publish({name: 'worse', sick: true}, 'ext4');
      await region.desire(worse);
      const holder = await holderOf(region);
      await eventually(
        'the switch to begin',
        async () => (await journalled(holder))?.phase === 'activating',
        {timeoutMs: 60_000, everyMs: 2},
      );
      await holder.lose(ADDRESSES.consul);
      await holder.lose(ADDRESSES.ec2);
      await eventually('the gate to fail', async () => isGoingBack(await journalled(holder)), {
        timeoutMs: 60_000,
        everyMs: 5,
      });
      const failedAt = performance.now();
      await eventually(
        'the host to be back',
        async () => /rejoining|serving/.test((await journalled(holder))?.phase ?? ''),
        {timeoutMs: 60_000, everyMs: 5},
      );
      const seconds = (performance.now() - failedAt) / 1000;
      t.comment(`back in ${seconds.toFixed(2)} s`);
      t.ok(seconds <= 10, `back in ${seconds.toFixed(2)} s`);
      t.equal(await answers(holder), 'two');
      await holder.find(ADDRESSES.consul);
      await holder.find(ADDRESSES.ec2);
      await eventually(
        'the outcome to be booked',
        async () => (await ledgerOf(region))?.permits.length === 0,
        {timeoutMs: 60_000, everyMs: 200},
      );
      await all(region, 3);
    },
  );

  await t.test('(a) the same fleet follows to a git revision, and a new instance boots it', async t => {
    await region.desire(three);
    await serving(instances, three);
    for (const instance of instances) t.equal(await answers(instance), 'three');
    await proven(region, three);
    const fresh = await region.addInstance();
    await fresh.boot();
    await serving([fresh], three);
    await all(region, 4);
    t.equal(await answers(fresh), 'three');
    await eventually('the volumes of older releases to go', () => region.ec2.volumes().length <= 3, {
      timeoutMs: 60_000,
      everyMs: 500,
    });
  });
});
