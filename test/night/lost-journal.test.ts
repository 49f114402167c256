/** The journal's files vanish while the application is in traffic, and the agent is killed: no request is lost. */
import t from 'tap';
import {packageForLab} from '../lab/image/package.ts';
import {answers, serving, tellWhenFailed} from '../lab/instance/agents.ts';
import type {Instance} from '../lab/instance/host.ts';
import {startRegion} from '../lab/region.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';

const STATE = '/var/lib/release-agent';

/** When the application was started last, as systemd says it. */
const startOf = async (instance: Instance): Promise<string> =>
  (await instance.exec(['systemctl', 'show', '--value', '--property=InvocationID', 'web'])).stdout.trim();

const forget = async (instance: Instance, ...files: readonly string[]): Promise<void> => {
  await instance.exec(['systemctl', 'kill', '--signal=SIGSTOP', 'release-agentd']);
  await instance.exec(['rm', ...files]);
  await instance.exec(['systemctl', 'kill', '--signal=SIGKILL', 'release-agentd']);
};

t.test(
  'journals that are lost under load',
  {skip: unmet('root', 'debian', 'loop'), timeout: 400_000},
  async t => {
    const deb = await packageForLab();
    const region = await startRegion({name: `lost-${process.pid % 10_000}`, instances: 2, deb});
    t.teardown(region.down);
    t.teardown(() => tellWhenFailed(t, region));
    const [one] = region.instances;
    if (!one) throw new Error('no instance');
    const release = await region.publish({name: 'one'}, 'ext4');
    await region.desire(release);
    await region.boot();
    await serving(region.instances, release);
    const inTraffic = (count: number) =>
      eventually(`${count} in traffic`, () => region.balancer.ready().length === count, {timeoutMs: 60_000});
    await inTraffic(2);
    const journal = [`${STATE}/journal.json`, `${STATE}/journal.before.json`];
    const restarted = (text: RegExp) =>
      eventually(
        `the next agent to say ${text}`,
        async () => text.test(await one.journal('release-agentd')),
        {timeoutMs: 60_000, everyMs: 200},
      );

    await t.test('the copy tells what runs, and nothing is touched', async t => {
      const before = await startOf(one);
      const load = region.startLoad({rps: 100, seconds: 300});
      await forget(one, ...journal);
      await restarted(/after the restart: serving/);
      await serving(region.instances, release);
      const {failed, failures} = await load.stop();
      t.equal(failed, 0, failures.slice(0, 3).join('; '));
      t.equal(await startOf(one), before);
    });

    await t.test('without the copy the host leaves traffic before it boots', async t => {
      const before = await startOf(one);
      const load = region.startLoad({rps: 100, seconds: 300});
      await forget(one, ...journal, '/run/release-agent/journal.json');
      await eventually('the application to be started anew', async () => (await startOf(one)) !== before, {
        timeoutMs: 60_000,
        everyMs: 200,
      });
      await serving(region.instances, release);
      await inTraffic(2);
      const {failed, failures, requests} = await load.stop();
      t.equal(failed, 0, failures.slice(0, 3).join('; '));
      t.comment(`${requests} requests, ${failed} failed`);
      t.equal(await answers(one), 'one');
      t.match(await one.journal('release-agentd'), /leaving traffic/);
    });
  },
);
