/** Our package in a virtual machine: real NVMe drives that come and go, and power cuts, which lose what was not synced, at each step. */
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import t, {type Test} from 'tap';
import type {Phase} from '../../../agent/core/host/state.ts';
import {eventually} from '../../support/eventually.ts';
import {everything, sample} from '../../support/sample.ts';
import {temporaryFolder} from '../../support/temporary.ts';
import {type ReleaseOptions, writeRelease} from '../application/releases.ts';
import type {Moment} from '../instance/hold.ts';
import {
  complaintsWithin,
  ec2Client,
  type Inspected,
  journalOf,
  type Published,
} from '../instance/in-service.ts';
import {buildAmi} from './ami.ts';
import {holdInside} from './hold.ts';
import type {VmInstance} from './instance.ts';
import {startVmLab, type VmLab} from './lab.ts';
import {acceleration, whyNoVm} from './prepare.ts';

const TIMEOUT_MS = everything() ? 5_400_000 : 1_400_000; // the first run builds the package and the image
t.setTimeout(TIMEOUT_MS);

const SETTLE_MS = 420_000;
const PHASE_MS = 300_000;

type Host = {readonly lab: VmLab; readonly instance: VmInstance; readonly inspected: Inspected};

const since = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;

const publisher =
  ({ec2}: VmLab, dir: string) =>
  async (release: ReleaseOptions): Promise<Published> => {
    const {name} = release;
    await writeRelease(join(dir, name), release);
    return {id: await ec2.createSnapshot({from: join(dir, name)}), release};
  };

let asked = 0;
const desire = ({consul}: VmLab, {id}: Published): Promise<void> =>
  consul.put(
    'release-agent/web/production/desired',
    JSON.stringify({release: id, message: `number ${++asked}`}),
  );

const inService = async (t: Test, {inspected}: Host, on: Published): Promise<void> => {
  const {last, tookS} = await complaintsWithin(inspected, [on], {timeoutMs: SETTLE_MS, everyMs: 1_000});
  t.same(last, [], `serves ${on.release.name} (${tookS} s)`);
};

/** Every step of an update as the journal has it. */
const STEPS = [
  ['staging'],
  ['waiting'],
  ['draining', 'leaving'],
  ['draining', 'measuring'],
  ['activating'],
  ['gating'],
  ['rejoining'],
  ['baking'],
  ['serving'],
] as const satisfies readonly (readonly [Phase, string?])[];

interface Cut {
  readonly step: (typeof STEPS)[number];
  /** `midway`: its effects are under way */
  readonly when: Moment | 'midway';
}

// After the last step nothing is written.
const CUTS: readonly Cut[] = STEPS.flatMap(step =>
  (['written', 'midway', 'writing'] as const)
    .filter(when => when !== 'writing' || step[0] !== 'serving')
    .map(when => ({step, when})),
);

const MIDWAY_MS = 3_000;

const textOf = ({step, when}: Cut): string => {
  const name = step.join(' ');
  if (when === 'midway') return `in the middle of "${name}"`;
  return when === 'written'
    ? `when the journal says "${name}"`
    : `when what follows "${name}" is to be written`;
};

/** What the journal's one line matches at this step of an update to the release. */
const patternOf = ([phase, step]: Cut['step'], {id}: Published): string =>
  [
    `"phase":"${phase}"`,
    ...(step === undefined ? [] : [`"step":"${step}"`]),
    phase === 'serving'
      ? `"active":[^}]*"snapshot":"${id}"`
      : `"purpose":"update","target":[^}]*"snapshot":"${id}"`,
  ]
    .map(part => `(?=.*${part})`)
    .join('');

/** Asks for the release, pulls the plug at exactly this moment, and plugs it in again: the host ends on it. */
const cut = async (t: Test, host: Host, row: Cut, next: Published): Promise<void> => {
  const {lab, instance, inspected} = host;
  const {vm} = instance;
  const {step, when} = row;
  const hold = await holdInside(vm, when === 'writing' ? 'writing' : 'written', patternOf(step, next));
  await desire(lab, next);
  await hold.held(PHASE_MS).catch(async error => {
    await hold.release();
    throw error;
  });
  if (when === 'midway') {
    await hold.release();
    await sleep(Math.random() * MIDWAY_MS);
  }
  await vm.powerCut();
  await vm.boot();
  await inService(t, host, next);
  const before = await journalOf(inspected.instance);
  await vm.must(['systemctl', 'restart', 'release-agentd']);
  await inService(t, host, next);
  t.equal(
    (await journalOf(inspected.instance))?.generation,
    before?.generation,
    'a second run finds nothing to do',
  );
};

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
  const {id, ip} = instance;
  const client = ec2Client(t, lab.ec2);
  const inspected = {region: lab, instance: {id, ip, exec: vm.exec}, channel: 'production', client};
  const host: Host = {lab, instance, inspected};
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
    await eventually('Consul to take it out', away, {timeoutMs: PHASE_MS});
    await inService(t, host, two);
  });

  const releases = [three, one, two];
  for (const [n, row] of sample(t, CUTS, 1).entries()) {
    const next = releases[n % releases.length] ?? three;
    await t.test(`a power cut ${textOf(row)}`, t => cut(t, host, row, next));
  }
});
