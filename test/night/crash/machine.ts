/** What an instance's machine does to the agent in the night: stands still, fills up, loses the time of day, starts it twice. */
import {randomUUID} from 'node:crypto';
import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Test} from 'tap';
import type {Phase} from '../../../agent/core/host/state.ts';
import type {Held} from '../../lab/instance/hold.ts';
import type {Instance} from '../../lab/instance/host.ts';
import type {Published} from '../../lab/instance/in-service.ts';
import {must} from '../../lab/run.ts';
import {eventually} from '../../support/eventually.ts';
import {listen, silent} from '../told.ts';
import {findsNothingToDo} from './again.ts';
import type {Lane} from './lane.ts';

const MEET_MS = 60_000;
export const WATCHDOG_S = 10;
const STATE_DIR = 'var/lib/release-agent';
const CLOCK = '/etc/release-agent-clock.mjs';

/** The agent's own clock only: containers share the machine's. */
const CLOCK_MODULE = `import {readFileSync} from 'node:fs';
const RealDate = Date;
const offset = () => {
  try {
    return Number(readFileSync('/run/clock-offset', 'utf8'));
  } catch {
    return 0;
  }
};
globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    if (given.length > 0) super(...given);
    else super(RealDate.now() + offset());
  }
  static now() {
    return RealDate.now() + offset();
  }
};
`;

/** For the agent's unit: a quick watchdog, and a clock that can be set. */
export const machineFiles = (): Readonly<Record<string, string>> => ({
  [CLOCK]: CLOCK_MODULE,
  '/etc/systemd/system/release-agentd.service.d/night.conf': `[Service]
WatchdogSec=${WATCHDOG_S}s
Environment=NODE_OPTIONS=--import=file://${CLOCK}
`,
});

/** Holds the agent as soon as the journal says the phase. For `serving` nothing is begun, and the agent is not held. */
const meet = async ({holder}: Lane, phase: Phase, begin: () => Promise<unknown>): Promise<Held> => {
  const isThere = holder.hold(({moment, state}) => moment === 'written' && state?.phase === phase, MEET_MS);
  const [held] = await Promise.all([isThere, begin()]);
  return held;
};

const show = async ({exec}: Instance, property: string, unit = 'release-agentd'): Promise<string> =>
  (await exec(['systemctl', 'show', '-P', property, unit])).stdout.trim();

/** Stops the agent's process for good in a phase; the watchdog has to end it, and the next one to go on. */
export const hung = async (t: Test, lane: Lane, phase: Phase): Promise<void> => {
  const {instance} = lane;
  const {begin, end} = await lane.way('update');
  t.equal(await show(instance, 'NRestarts'), '0', 'an agent that lives tells the watchdog in time');
  const application = await show(instance, 'InvocationID', 'web');
  const held = phase === 'serving' ? null : await meet(lane, phase, begin);
  const began = performance.now();
  await instance.exec(['sh', '-c', 'kill -STOP $(systemctl show -P MainPID release-agentd)']);
  held?.release();
  await restarted(t, instance, began);
  if (phase === 'serving') {
    t.equal(await show(instance, 'InvocationID', 'web'), application, 'the application was not touched');
    await begin();
  }
  await lane.settled(t, end, 'in service');
  await instance.exec(['systemctl', 'reset-failed', 'release-agentd']);
  await findsNothingToDo(t, lane, end);
};

const restarted = async (t: Test, instance: Instance, began: number): Promise<void> => {
  const isRestarted = async () => (await show(instance, 'NRestarts')) !== '0';
  await eventually('the watchdog to restart it', isRestarted, {timeoutMs: 120_000, everyMs: 250});
  const tookS = (performance.now() - began) / 1000;
  t.match(
    await instance.journal('release-agentd'),
    /Watchdog timeout/,
    `${tookS.toFixed(1)} s after it hung`,
  );
};

/** A write of the journal does not return: the process lives, and yet goes on with nothing. */
export const hungInWrite = async (t: Test, lane: Lane): Promise<void> => {
  const {instance} = lane;
  const {begin, end} = await lane.way('update');
  await meet(lane, 'draining', begin);
  await restarted(t, instance, performance.now());
  t.match(await instance.journal('release-agentd'), /the main loop does not go on/);
  await lane.settled(t, end, 'in service');
  await instance.exec(['systemctl', 'reset-failed', 'release-agentd']);
};

const BY_HAND = ['/usr/lib/release-agent/node', '/usr/lib/release-agent/release-agentd.cjs'];

/** Agents are started by hand while the first one takes the host through an update: each refuses, none disturbs. */
export const startedTwice = async (t: Test, lane: Lane): Promise<void> => {
  const {instance, holder} = lane;
  const {begin, end} = await lane.way('update');
  const agent = await show(instance, 'MainPID');
  for (const phase of ['staging', 'draining', 'activating', 'baking'] as const) {
    const held = await meet(lane, phase, phase === 'staging' ? begin : async () => {});
    const before = JSON.stringify(holder.state());
    const {code, stderr} = await instance.exec(BY_HAND, {timeoutMs: 30_000});
    t.equal(code, 1, `a second agent while ${phase}`);
    t.match(stderr, /another agent answers on \/run\/release-agent\/control\.sock: stop it first/);
    t.equal(JSON.stringify(holder.state()), before, 'the journal is as it was');
    // The first agent is only held in a write: the next phase is awaited before it goes on.
    held.release();
  }
  await lane.settled(t, end, 'the first one goes on to the end');
  t.equal(await show(instance, 'MainPID'), agent);
};

const DAY_MS = 86_400_000;

const setClock = async ({exec}: Instance, offsetMs: number): Promise<void> =>
  void (await exec(['sh', '-c', `echo ${offsetMs} >/run/clock.new; mv /run/clock.new /run/clock-offset`]));

/** The time of day jumps in a phase of an update, a day forward or back, and again in the next update, the other way. */
export const clockJumps = async (t: Test, lane: Lane, phase: Phase, days: 1 | -1): Promise<void> => {
  const {instance, region, channel} = lane;
  const key = `release-agent/web/${channel}/hosts/${instance.id}`;
  let isThere = true;
  const look = setInterval(() => {
    region.consul.get(key).then(
      value => (isThere &&= value !== undefined),
      () => undefined,
    );
  }, 250);
  try {
    for (const offsetMs of [days * DAY_MS, 0]) {
      const {begin, end} = await lane.way('update');
      const held = await meet(lane, phase, begin);
      await setClock(instance, offsetMs);
      held.release();
      await lane.settled(t, end, `in service, ${offsetMs === 0 ? 'the clock right again' : 'a day off'}`);
    }
  } finally {
    clearInterval(look);
  }
  t.ok(isThere, 'its session with Consul was never lost');
};

/** A small disk under the state folder of a machine that is off. */
export const smallDisk = async (t: Test, {root}: Instance): Promise<void> => {
  const folder = join(root, STATE_DIR);
  await must(['mkdir', '-p', folder]);
  await must(['mount', '-t', 'tmpfs', '-o', 'size=96m,mode=755', randomUUID().slice(0, 8), folder]);
  t.teardown(() => must(['umount', '--lazy', folder]));
};

/** The disk fills before or while a revision is staged: the host says so and serves, and goes on once there is room. */
export const diskFills = async (t: Test, lane: Lane, served: Published, leftMiB: number): Promise<void> => {
  const {instance} = lane;
  const ballast = join(instance.root, STATE_DIR, 'ballast');
  const fill = () =>
    must([
      'sh',
      '-c',
      `head -c $(($(stat -fc '%a*%S' ${ballast}) - ${leftMiB}*1024*1024)) /dev/zero >${ballast} || true`,
    ]);
  await writeFile(ballast, '');
  const told = await listen(instance);
  const application = await show(instance, 'InvocationID', 'web');
  const {begin, end} = await lane.way('update');
  const held = await meet(lane, 'staging', begin);
  await fill();
  held.release();
  let quiet: readonly string[] = [];
  const isTold = async () => {
    quiet = silent(await told(), /the disk of \S+ (has|is full)|no space left on device/);
    return quiet.length === 0;
  };
  await eventually('it says so', isTold, {timeoutMs: 60_000, everyMs: 500}).catch(() => undefined);
  t.same(quiet, [], 'it says so in status, why, STATUS= and log');
  const {stdout} = await instance.exec(['curl', '-sf', 'http://127.0.0.1:8080/version']);
  t.equal(stdout, served.release.name, 'it serves');
  t.equal(await show(instance, 'InvocationID', 'web'), application, 'the application was not touched');
  await rm(ballast);
  await lane.settled(t, end, 'it goes on by itself once there is room');
};
