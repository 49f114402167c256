import {mkdir, readFile, realpath, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import root, {type Test} from 'tap';
import type {EbsSettings} from '../../../agent/config/settings.ts';
import {reasonOf} from '../../../agent/core/reason-error.ts';
import {createEc2} from '../../../agent/host/ec2/ec2.ts';
import {directMounts} from '../../../agent/host/mount/mount.ts';
import {mountTable} from '../../../agent/host/mount/table.ts';
import {type EbsInstallerOptions, ebsInstaller} from '../../../agent/install/ebs/installer.ts';
import type {Pace} from '../../../agent/install/ebs/volume/pace.ts';
import type {VolumeRecord} from '../../../agent/install/ebs/volume/record.ts';
import type {Identity, Log, Slot} from '../../../agent/ports.ts';
import {type Ec2 as Lab, startEc2} from '../../lab/ec2/ec2.ts';
import {run} from '../../lab/run.ts';
import {alone} from '../../support/alone.ts';
import {temporaryFolder} from '../../support/temporary.ts';

/** The account of every snapshot in the emulator. */
export const ACCOUNT = '123456789012';

/** The emulator is quick, so the pauses between two looks are short and the limits such that tests reach them. */
export const QUICK: Partial<Pace> = {pollMs: 50, pollLimitMs: 500, localMs: 20, goneMs: 600};

export const SETTINGS: EbsSettings = {
  volumeType: 'gp3',
  filesystem: 'ext4',
  owners: [],
  maxSizeGiB: 100,
  tags: {},
  encrypted: false,
  prewarm: {what: 'off', rateMiB: 50, untilMs: 60_000},
  timeoutMs: 60_000,
};

export const silent: Log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};

export const never = (): AbortSignal => new AbortController().signal;

let shared: Promise<Lab> | undefined;

/** One emulator for all tests of a file; each test sees what it did itself. */
const sharedLab = async (): Promise<Lab> => {
  await alone('host-devices', root);
  const dir = await temporaryFolder(root);
  const lab = await startEc2({dir, mode: 'host-devices'});
  root.teardown(lab.stop);
  return lab;
};

const viewOf = (lab: Lab): Lab => {
  const before = new Set(lab.volumes().map(({id}) => id));
  const from = lab.calls.length;
  return {
    ...lab,
    volumes: () => lab.volumes().filter(({id}) => !before.has(id)),
    get calls() {
      return lab.calls.slice(from);
    },
  };
};

/** An emulated EC2 with loop devices, a new instance of it that is this machine, and an installer on it. */
export const startWorld = async (t: Test) => {
  const dir = await realpath(await temporaryFolder(t));
  shared ??= sharedLab();
  const lab = viewOf(await shared);
  Object.assign(process.env, lab.env);
  const {id: instance, zone} = await lab.runInstance();
  const identity: Identity = {instance, zone, region: lab.region, account: ACCOUNT};
  const stateDir = join(dir, 'state');
  const delays = {...lab.delays};
  t.teardown(async () => {
    await unmountBelow(dir);
    lab.faults.clear();
    Object.assign(lab.delays, delays);
  });
  const install = (more: Partial<EbsInstallerOptions> = {}) =>
    ebsInstaller({
      settings: SETTINGS,
      stateDir,
      identity,
      app: 'web',
      ec2: createEc2({region: lab.region, endpoint: lab.address}),
      mounts: directMounts(),
      log: silent,
      pace: QUICK,
      ...more,
    });
  const slot = (snapshot: string, name: string): Slot => ({
    release: {kind: 'ebs', snapshot},
    slot: name,
    directory: join(stateDir, 'slots', name),
  });
  return {dir, lab, instance, identity, stateDir, install, slot};
};

export type World = Awaited<ReturnType<typeof startWorld>>;

/** A world with a snapshot of a file `hello`, and the slot `one` for it. */
export const startWithSnapshot = async (t: Test) => {
  const world = await startWorld(t);
  const snapshot = await world.lab.createSnapshot({from: await content(world.dir, 'one', 'hello')});
  return {...world, snapshot, target: world.slot(snapshot, 'one')};
};

/** A folder with one file, to make a snapshot of. */
export const content = async (dir: string, name: string, text: string): Promise<string> => {
  const folder = join(dir, name);
  await mkdir(folder);
  await writeFile(join(folder, 'hello'), text);
  return folder;
};

export const readRecord = async (stateDir: string, slot: string): Promise<VolumeRecord> =>
  JSON.parse(await readFile(join(stateDir, 'ebs', `${slot}.slot.json`), 'utf8')) as VolumeRecord;

/** The calls of the agent so far, as text: `CreateVolume ok`. */
export const callsOf = ({calls}: Lab, from = 0): string[] =>
  calls.slice(from).map(({action, outcome}) => `${action} ${outcome}`);

const unmountBelow = async (dir: string): Promise<void> => {
  for (const {directory} of [...(await mountTable())].reverse())
    if (directory.startsWith(`${dir}/`)) await run(['umount', directory]);
};

/** The kind of reason a promise is rejected with, `none` when it is not. */
export const reasonKind = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (error) {
    return reasonOf(error).kind;
  }
};

export const count = (calls: readonly string[], call: string): number =>
  calls.filter(each => each === call).length;
