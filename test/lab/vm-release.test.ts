/** Our package in a virtual machine: real NVMe drives that come and go, and power cuts that lose what was not synced. */
import {join} from 'node:path';
import t, {type Test} from 'tap';
import type {Activation, Phase} from '../../agent/core/host/state.ts';
import {releaseId} from '../../agent/core/release.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {type ReleaseOptions, writeRelease} from './releases.ts';
import {until} from './until.ts';
import type {Vm} from './vm.ts';
import {buildAmi} from './vm-ami.ts';
import {complaintsOf, journalOf, type Published, versionOf} from './vm-in-service.ts';
import type {VmInstance} from './vm-instance.ts';
import {startVmLab, type VmLab} from './vm-lab.ts';
import {acceleration, whyNoVm} from './vm-prepare.ts';

const TIMEOUT_MS = 840_000; // the first run builds the package and the image
t.setTimeout(TIMEOUT_MS);

const SETTLE_MS = 240_000;
const PHASE_MS = 120_000;

type Host = {readonly lab: VmLab; readonly instance: VmInstance};

const since = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;

const publisher =
  ({ec2}: VmLab, dir: string) =>
  async (release: ReleaseOptions): Promise<Published> => {
    const {name} = release;
    await writeRelease(join(dir, name), release);
    return {id: await ec2.createSnapshot({from: join(dir, name)}), name};
  };

const desire = ({consul}: VmLab, {id}: Published): Promise<void> =>
  consul.put('release-agent/web/production/desired', id);

const inService = async (t: Test, {lab, instance}: Host, on: Published): Promise<void> => {
  let complaints: readonly string[] = [];
  const ask = async () => {
    complaints = await complaintsOf(lab, instance, on);
    return complaints.length === 0;
  };
  const what = `serves ${on.name}`;
  const start = performance.now();
  await until({what, timeoutMs: SETTLE_MS, everyMs: 1_000}, ask).catch(() => undefined);
  t.same(complaints, [], `${what} (${since(start)})`);
};

/** Waits until the journal says that an update to the release is in this phase, and gives its target. */
const during = (vm: Vm, phase: Phase, {id}: Published): Promise<Activation> =>
  until({what: `${phase} in the journal`, timeoutMs: PHASE_MS, everyMs: 1}, async () => {
    const state = await journalOf(vm);
    if (state === null || !('attempt' in state)) return false;
    const {purpose, target} = state.attempt;
    return state.phase === phase && purpose === 'update' && releaseId(target.release) === id && target;
  });

/** Waits until `current` leads to the slot: the application that runs is still the one before. */
const switched = (vm: Vm, slot: string): Promise<unknown> =>
  until({what: `current to lead to ${slot}`, everyMs: 1}, async () => {
    const {stdout} = await vm.exec(['readlink', '/var/lib/release-agent/current']);
    return stdout === `slots/${slot}\n`;
  });

const firstAnswer = (vm: Vm): Promise<string> =>
  until({what: 'the application to answer', timeoutMs: SETTLE_MS, everyMs: 100}, async () => {
    const version = await versionOf(vm);
    return version !== '' && version;
  });

const tellWhenFailed = async (t: Test, {lab, instance}: Host): Promise<void> => {
  if (t.passing()) return;
  t.comment(`ledger: ${await lab.consul.get('release-agent/web/production/ledger').catch(String)}`);
  const journal = ['journalctl', '--no-pager', '-o', 'short-iso', '-u', 'release-agentd', '-n', '60'];
  t.comment((await instance.vm.exec(journal).catch(error => ({stdout: String(error)}))).stdout);
};

t.test('a virtual machine that runs our package', {skip: whyNoVm(), timeout: TIMEOUT_MS}, async t => {
  const dir = await temporaryFolder(t);
  const image = await buildAmi();
  const lab = await startVmLab({name: `vmr-${process.pid}`, dir});
  t.teardown(lab.down);
  const publish = publisher(lab, dir);
  const [one, two] = [await publish({name: 'one'}), await publish({name: 'two'})];
  const three = await publish({name: 'three', scriptS: 2}); // long enough to be hit
  await desire(lab, one);
  const start = performance.now();
  const instance = await lab.addVm({image});
  const {vm} = instance;
  const host: Host = {lab, instance};
  t.teardown(() => tellWhenFailed(t, host));
  t.comment(`booted in ${since(start)} with ${acceleration()}`);

  await t.test(
    'it boots the desired snapshot with no human, from a volume hot-plugged over NVMe and mounted read-only',
    async t => {
      await inService(t, host, one);
      t.comment(`in service ${since(start)} after power-on`);
      const mount = await vm.must(['findmnt', '-no', 'SOURCE,FSTYPE,OPTIONS', '-T', '/release/app.py']);
      t.match(mount, /^\/dev\/nvme\d+n1 +ext4 +ro,/);
      t.match(await vm.exec(['touch', '/release/new']), {code: 1, stderr: /Read-only file system/});
    },
  );

  await t.test('it follows a bump, out of traffic while it switches', async t => {
    await desire(lab, two);
    const away = async () => !(await lab.consul.passing('web')).includes(instance.ip);
    await until({what: 'Consul to take it out', timeoutMs: PHASE_MS}, away);
    await inService(t, host, two);
  });

  await t.test('a power cut while it stages leaves it on the old release', async t => {
    await desire(lab, three);
    await during(vm, 'staging', three);
    await vm.powerCut();
    await vm.boot();
    t.equal(await firstAnswer(vm), 'two');
  });

  await t.test('a power cut in the middle of the switch leaves it on the old release or the new', async t => {
    const {slot} = await during(vm, 'activating', three);
    await switched(vm, slot);
    await vm.powerCut();
    await vm.boot();
    t.match(await firstAnswer(vm), /^(two|three)$/);
    const told = await vm.must(['journalctl', '--no-pager', '-b', '-u', 'release-agentd']);
    t.match(told, 'the agent stopped while activating');
  });

  await t.test('and then it follows to the new one, with nothing left behind', async t => {
    await inService(t, host, three);
  });
});
