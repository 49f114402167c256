/**
 * A host is shut down under load, from outside (as EC2 does) and from within: nobody notices, and it is back after the next boot.
 * Consul denies by default, and each host may do what AMI.md says: that is enough to boot, to follow, to go back and to leave.
 */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {put} from '../lab/image/base.ts';
import {packageForLab} from '../lab/image/package.ts';
import {answers, ledgerOf, proven, serving, tellWhenFailed} from '../lab/instance/agents.ts';
import {defaultConfig, type Instance} from '../lab/instance/host.ts';
import {type Region, startRegion} from '../lab/region.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {DENYING, giveTokens, TOKEN_CONFIG} from './consul/denying.ts';

const say = (word: string): string => `["/bin/sh", "-c", "echo ${word} >>/root/said"]`;
const DESIRED = 'release-agent/web/production/desired';
const UNIT = 'release-agent-leave.service';

const prepared = (instance: Instance): Promise<unknown> =>
  eventually(
    'the host to be prepared',
    async () => {
      const {stdout} = await instance.exec(['systemctl', 'is-active', UNIT]);
      return stdout === 'active\n';
    },
    {timeoutMs: 20_000, everyMs: 100},
  );

const runsScript = async (instance: Instance): Promise<boolean> =>
  (await instance.exec(['systemctl', 'list-units', '--plain', '--no-legend', 'release-agent-script-*']))
    .stdout !== '';

const inTraffic = (region: Region, count: number): Promise<unknown> =>
  eventually(`${count} in traffic`, () => region.balancer.ready().length === count, {timeoutMs: 60_000});

t.test('a shutdown', {skip: unmet('root', 'debian', 'loop'), timeout: 600_000}, async t => {
  const region = await startRegion({
    name: `down-${process.pid % 10_000}`,
    instances: 2,
    deb: await packageForLab(),
    consul: DENYING,
    config: files =>
      (defaultConfig(files) + TOKEN_CONFIG)
        .replace('path = "/release"', 'path = "/release"\nscript = "deploy/start"')
        .replace(/timeout = "20s"\n/, 'timeout = "8s"\n')
        .replace('[gate]', `commands = {leave = ${say('leave')}, rejoin = ${say('rejoin')}}\n\n[gate]`),
  });
  t.teardown(region.down);
  t.teardown(() => tellWhenFailed(t, region));
  const tokens = await giveTokens(region);
  const [one] = region.instances;
  if (!one) throw new Error('the region has no instance');
  const first = await region.publish({name: 'first'}, 'ext4');
  await region.desire(first);
  await region.boot();
  await serving(region.instances, first);
  await Promise.all(region.instances.map(prepared));

  await t.test('to leave is refused while the host does not shut down', async t => {
    const {code, stderr} = await one.exec(['agentctl', 'leave']);
    t.equal(code, 1);
    t.match(
      stderr.replaceAll(/\s+/g, ' '),
      /not shutting down \(systemd says it is \w+\): it stays in traffic/,
    );
    await one.exec(['systemctl', 'stop', UNIT]);
    t.equal(region.balancer.ready().length, 2, 'nor when somebody stops the unit');
    await one.exec(['systemctl', 'restart', 'release-agentd']);
    await prepared(one);
    t.equal(await answers(one), 'first');
  });

  await t.test('the unit is made anew when it has to do something else', async t => {
    const drain = '[traffic.drain]\ntimeout = "31s"\n';
    await one.exec(['tee', '/etc/release-agent/config.d/99-drain.toml'], {input: drain});
    await one.exec(['systemctl', 'restart', 'release-agentd']);
    await eventually(
      'the unit to be another',
      async () =>
        /within 76 s/.test((await one.exec(['systemctl', 'show', '-p', 'Description', UNIT])).stdout),
      {timeoutMs: 20_000, everyMs: 100},
    );
    await prepared(one);
    t.equal(region.balancer.ready().length, 2);
  });

  for (const [times, how, shutDown] of [
    [1, 'from outside', () => one.stop()],
    [2, 'from within', () => one.exec(['systemctl', 'poweroff']).then(() => one.stop())],
  ] as const)
    await t.test(
      `no request is lost when the host is shut down ${how}, and it is back afterwards`,
      async t => {
        await inTraffic(region, 2);
        const load = region.startLoad({rps: 60, seconds: 120, slowShare: 0.1});
        const soon = eventually(
          'requests of 3 s to be under way',
          async () =>
            (await one.exec(['ss', '-Htn', 'state', 'established', 'sport', '=', ':8080'])).stdout !== '',
          {everyMs: 50},
        );
        await soon;
        await shutDown();
        const said = (await one.journal('release-agentd')).split('\n');
        t.equal(
          said.filter(line => line.includes('the host is shutting down: leaving traffic')).length,
          times,
        );
        t.equal(said.filter(line => line.includes(': drained')).length, times);
        t.equal(
          (await readFile(join(one.root, 'root/said'), 'utf8')).trim().split('\n').at(-1),
          'leave',
          'commands too',
        );
        await inTraffic(region, 1);
        await one.boot();
        await inTraffic(region, 2);
        const {requests, failed, failures} = await load.stop();
        t.same(failures.slice(0, 3), []);
        t.equal(failed, 0, `${requests} requests, none lost`);
        t.equal(await answers(one), 'first');
        await prepared(one);
      },
    );

  await t.test('a release that is being activated when the host is shut down is not blamed', async t => {
    const second = await region.publish({name: 'second', scriptS: 3}, 'ext4');
    await region.desire(second);
    let busy: Instance | undefined;
    await eventually(
      'a script that runs',
      async () => {
        for (const each of region.instances) if (await runsScript(each)) busy = each;
        return busy !== undefined;
      },
      {timeoutMs: 60_000, everyMs: 50},
    );
    await busy?.stop();
    await busy?.boot();
    await serving(region.instances, second);
    await proven(region, second);
    const said = (await busy?.journal('release-agentd')) ?? '';
    t.match(said, /the host is shutting down: leaving traffic/);
    t.notMatch(said, /was tried here and taken back/);
  });

  await t.test("an operator's token deploys, a host's does not; what is no good is taken back", async t => {
    const {stdout, stderr} = await one.agentctl('check');
    t.notMatch(`${stdout}${stderr}`.replaceAll(/\s+/g, ' '), /more than it needs|may not|token/);
    const sick = await region.publish({name: 'sick', sick: true}, 'ext4');
    const before = await region.consul.get(DESIRED);
    t.match(await one.agentctl('deploy', sick, '--yes'), {code: 1, stderr: /may\s+not\s+write/});
    t.equal(await region.consul.get(DESIRED), before);
    const file = '/root/operator-token';
    await put(one.root, file, await tokens.operator(), 0o600);
    t.match(await one.agentctl('deploy', sick, '--yes', '--token-file', file), {code: 0});
    const isHalted = async () => (await ledgerOf(region))?.blocked?.kind === 'permit.halted';
    await eventually('the rollout to halt', isHalted, {timeoutMs: 90_000, everyMs: 200});
    await inTraffic(region, 2);
    for (const instance of region.instances) t.equal(await answers(instance), 'second');
  });
});
