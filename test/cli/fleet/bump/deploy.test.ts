import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import t from 'tap';
import {readDesired} from '../../../../agent/core/desired.ts';
import {host, NEW, OLD, rollout} from '../../../core/fleet/fleet.ts';
import {temporaryFolder} from '../../../support/temporary.ts';
import {emptyFleet, line, type TestFleet} from '../store.ts';

const desiredOf = async ({text, keys}: TestFleet) => JSON.parse((await text(keys.desired)) ?? 'null');

t.test('a deploy from any machine says what it does, asks, and writes the key', async t => {
  const fleet = await emptyFleet(t);
  const {agentctl, put, putLedger, keys} = fleet;
  await putLedger({proven: OLD});
  await put(keys.desired, OLD);
  const no = await agentctl(['deploy', NEW], {confirm: async () => false});
  t.equal(no.exit, 1);
  t.match(
    line(no.err),
    /^Every host of web\/production is asked to run snap-22222222 instead of snap-11111111, in turns, as its policy allows\. agentctl: nothing was changed$/,
  );
  t.equal(await fleet.text(keys.desired), OLD, 'nothing was written');
  const yes = await agentctl(['deploy', NEW, '-m', 'the new checkout', '--yes']);
  t.match([yes.exit, line(yes.out)], [0, 'web/production/desired asks for snap-22222222 now']);
  t.match(await desiredOf(fleet), {release: NEW, by: 'ada', message: 'the new checkout', at: /^20.*Z$/});
});

t.test('share and force are written, and said', async t => {
  const fleet = await emptyFleet(t);
  const {agentctl, putHosts, putLedger} = fleet;
  await putHosts([host('i-1'), host('i-2')]);
  await putLedger({proven: OLD});
  const {exit, err} = await agentctl(['deploy', NEW, '--share', '10%', '--force', 'i-1, i-2', '--yes']);
  t.equal(exit, 0, err);
  t.match(
    line(err),
    /^Of web\/production, 10% are asked .* New instances still boot what is proven\. It is not waited for i-1, i-2\. That is 1 host, and about 1 m with a minute for each: "agentctl plan" says more\.$/,
  );
  t.match(await desiredOf(fleet), {share: '10%', force: ['i-1', 'i-2']});
  await agentctl(['deploy', NEW, '--share', '3', '--yes']);
  const {share, force} = await desiredOf(fleet);
  t.same([share, force], [3, undefined]);
  const stranger = await agentctl(['deploy', NEW, '--force', 'i-9', '--yes']);
  t.match([stranger.exit, line(stranger.err)], [2, /--force: "i-9" is no host of this fleet/]);
  for (const wrong of ['0', '0%', '101%', '1.5', 'half', '-3'])
    t.match(
      await agentctl(['deploy', NEW, `--share=${wrong}`]),
      {exit: 2, err: /percentage from 1% to 100%/},
      wrong,
    );
  t.match(await agentctl(['deploy', NEW, '--force', 'a,,b']), {exit: 2, err: /instance ids with commas/});
});

t.test('what would come to nothing is refused before anybody is asked', async t => {
  const fleet = await emptyFleet(t);
  const {agentctl, put, putLedger, keys} = fleet;
  const refused = async (text: RegExp, args: readonly string[] = []) => {
    const {exit, err} = await agentctl(['deploy', NEW, ...args], {confirm: async () => t.fail('asked')});
    t.match([exit, line(err)], [1, text]);
  };
  await put(keys.lock, {by: 'bob', why: 'the move', at: 0});
  await refused(/locked by bob since 1970-01-01 00:00 UTC \(the move\): nobody else begins a rollout/);
  await put(keys.lock, {by: 'ada (1000)', why: 'mine'});
  await putLedger({proven: OLD, denied: [NEW]});
  await refused(/snap-22222222 is denied: .*"agentctl allow"/);
  await putLedger({proven: OLD});
  await put(keys.policy, {requireMessage: true});
  await refused(/the policy asks for a message.*"agentctl deploy --message"/);
  await refused(/the policy asks for a message/, ['-m', '  ']);
  await put(keys.policy, {requireMessage: 'yes'});
  await refused(/the document policy is not readable/);
  await put(keys.policy, {requireMessage: true});
  t.match(await agentctl(['deploy', NEW, '-m', 'why', '--yes']), {exit: 0}, 'with a message');
  t.match(await agentctl(['deploy', OLD, '--yes']), {exit: 0}, 'the way back needs none');
});

t.test("somebody else's rollout that ends is shown", async t => {
  const fleet = await emptyFleet(t);
  const {agentctl, put, putLedger, keys} = fleet;
  await putLedger({proven: OLD, rollout: rollout()});
  await put(keys.desired, {release: NEW, by: 'bob (1001)', message: 'the cart', share: 3});
  const other = 'snap-33333333';
  const shown = await agentctl(['deploy', other]);
  t.match(
    [shown.exit, line(shown.err)],
    [
      1,
      /The rollout of snap-22222222 to 3 hosts of the fleet \("the cart"\), which bob \(1001\) began and which is not proven, ends with that\..*add --yes/,
    ],
  );
  t.notMatch((await agentctl(['deploy', other], {env: {USER: 'bob'}})).err, /which bob/, "one's own");
  await put(keys.desired, {release: OLD, by: 'bob'});
  t.notMatch((await agentctl(['deploy', other])).err, /which bob/, 'a proven one');
});

t.test('what somebody else wrote meanwhile stays', async t => {
  const fleet = await emptyFleet(t);
  const {agentctl, put, keys} = fleet;
  await put(keys.desired, OLD);
  const confirm = async () => {
    await put(keys.desired, {release: 'snap-33333333', by: 'bob'});
    return true;
  };
  const {exit, err} = await agentctl(['deploy', NEW], {confirm});
  t.match([exit, line(err)], [1, /asks for snap-33333333 meanwhile, by bob: look at that, and ask again/]);
  t.match(await desiredOf(fleet), {release: 'snap-33333333'});
});

t.test('a frozen fleet is asked all the same, and says that it does not move', async t => {
  const {agentctl, put, keys} = await emptyFleet(t);
  await put(keys.freeze, 'lunch');
  const {exit, out} = await agentctl(['deploy', NEW, '--yes', '--json']);
  t.equal(exit, 0);
  t.match(JSON.parse(out), {ok: true, value: /mind: the fleet is frozen by somebody/});
});

t.test('a branch is looked up where the git remote is configured, and elsewhere not', async t => {
  const fleet = await emptyFleet(t);
  const elsewhere = await fleet.agentctl(['deploy', 'main', '--yes']);
  t.match(
    [elsewhere.exit, line(elsewhere.err)],
    [
      2,
      /expected a snapshot id .*got "main"\. A branch or tag is looked up on a host of the fleet, or where/,
    ],
  );
  const folder = await temporaryFolder(t);
  const git = (...args: readonly string[]) => execa('git', ['-C', folder, ...args]);
  await git('init', '-q', '-b', 'main');
  await git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-q', '--allow-empty', '-m', 'x');
  const {stdout: revision} = await git('rev-parse', 'HEAD');
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'etc/release-agent'), {recursive: true});
  const toml = `imds = "off"\napp = "a"\nchannel = "b"\nidentity.instance = "i"\n[install.git]\nurl = "file://${folder}"\n[activate]\nunits = ["web.service"]\n[gate]\ntcp = "127.0.0.1:8080"\n`;
  await writeFile(join(root, 'etc/release-agent/config.toml'), toml);
  const env = {RELEASE_AGENT_ROOT: root};
  const {exit, err} = await fleet.agentctl(['deploy', 'main', '--yes'], {env});
  t.equal(exit, 0, err);
  t.match(line(err), new RegExp(`asked to run ${revision.slice(0, 12)} \\(main now\\) instead of`));
  t.match(await desiredOf(fleet), {release: revision});
  const unknown = await fleet.agentctl(['deploy', 'mian', '--yes'], {env});
  t.match([unknown.exit, line(unknown.err)], [1, /has no branch or tag mian/]);
});

t.test('the socket of an agent and another fleet exclude each other', async t => {
  const {agentctl} = await emptyFleet(t);
  const {exit, err} = await agentctl(['deploy', NEW, '--socket', '/tmp/none', '--app', 'web']);
  t.match([exit, line(err)], [2, /--socket asks the agent of this host/]);
});

t.test('what deploy writes is what hosts read', async t => {
  const fleet = await emptyFleet(t);
  await fleet.putHosts([host('i-1')]);
  await fleet.agentctl(['deploy', NEW, '--share', '25%', '--force', 'i-1', '-m', 'x', '--yes']);
  t.match(readDesired((await fleet.text(fleet.keys.desired)) ?? '', '1'), {
    ok: true,
    desired: {share: {percent: 25}, force: ['i-1'], by: 'ada', message: 'x'},
  });
});
