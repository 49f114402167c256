import {createHash} from 'node:crypto';
import {existsSync, readlinkSync} from 'node:fs';
import {copyFile, readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import t from 'tap';
import {put} from '../lab/image/base.ts';
import type {Machine} from '../lab/instance/instance.ts';
import {must} from '../lab/run.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {buildPackage, giveRelease, laterPackage, startBareMachine} from './machine.ts';

const AGENT = 'release-agentd.service';
const WANTS = 'etc/systemd/system/multi-user.target.wants/release-agentd.service';
const OURS = [
  '/usr/lib/release-agent',
  '/usr/bin/agentctl',
  '/etc/release-agent',
  '/var/lib/release-agent',
  '/var/cache/release-agent',
  '/run/release-agent',
  '/release',
  `/${WANTS}`,
];

const inside = async (machine: Machine, ...argv: string[]): Promise<string> => {
  const {code, stdout, stderr} = await machine.exec(argv, {timeoutMs: 120_000});
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${code}: ${stdout}${stderr}`);
  return stdout.trim();
};

const pidOf = (machine: Machine, unit: string) =>
  inside(machine, 'systemctl', 'show', '--property=MainPID', '--value', unit);
const isActive = async (machine: Machine, unit: string) =>
  (await machine.exec(['systemctl', 'is-active', unit])).stdout.trim() === 'active';
const digestOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
const cacheOf = (machine: Machine) =>
  inside(machine, 'find', '/var/cache/release-agent', '-type', 'f', '-printf', '%P %s %T@\n');

t.test('the package', {skip: unmet('root', 'debian'), timeout: 240_000}, async t => {
  const commit = ['git', '-C', import.meta.dirname, 'log', '-1', '--format=%ct'];
  const epoch = {SOURCE_DATE_EPOCH: (await must(commit)).trim()};
  const deb = await buildPackage(epoch);
  const folder = await temporaryFolder(t);
  const later = await laterPackage(deb, '99.0', folder);
  const machine = await startBareMachine(t, 'deb-test');
  const inRoot = (path: string) => join(machine.root, path);

  /** Copies a package into the machine and installs it there, with the agent's restart behind it. */
  const upgradeTo = async (file: string): Promise<void> => {
    await copyFile(file, inRoot('root/package.deb'));
    await inside(machine, 'dpkg', '--install', '/root/package.deb');
  };
  const agentIsNew = (before: string) =>
    eventually(
      'another agent is up',
      async () => (await pidOf(machine, AGENT)) !== before && isActive(machine, AGENT),
      {timeoutMs: 30_000, everyMs: 100},
    );

  await t.test('is the same, byte for byte, when it is built again by another user', async t => {
    const bill = deb.replace(/\.deb$/, '.cdx.json');
    const before = [await digestOf(deb), await digestOf(bill)];
    await buildPackage({...epoch, TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8', HOME: folder});
    t.same([await digestOf(deb), await digestOf(bill)], before);
    const files = (await must(['dpkg-deb', '--contents', deb])).trim().split('\n');
    t.same(
      files.filter(line => !/^\S+ root\/root /.test(line)),
      [],
      'root owns everything',
    );
  });

  await t.test('is installed in a chroot: enabled, not started', async t => {
    t.notOk(existsSync(inRoot('usr/bin/node')), 'the image has no Node of its own');
    const output = await machine.install(deb);
    t.notMatch(output, /warning|error/i);
    t.equal(readlinkSync(inRoot(WANTS)), '/lib/systemd/system/release-agentd.service');
    t.match(await readFile(inRoot('etc/group'), 'utf8'), /^release-agent:.*^release-agent-operators:/ms);
    const bill = inRoot('usr/share/doc/release-agent/sbom.cdx.json');
    t.equal(await digestOf(bill), await digestOf(deb.replace(/\.deb$/, '.cdx.json')));
    const page = inRoot('usr/share/doc/release-agent/README.md');
    const links = [...(await readFile(page, 'utf8')).matchAll(/\]\(((?:docs\/|AMI)[^)#]+)/g)].map(
      ([, to = '']) => to,
    );
    t.ok(links.length > 4);
    t.same(
      links.filter(to => !existsSync(join(dirname(page), to))),
      [],
      'what its page links to is there',
    );
    t.notOk(
      existsSync(inRoot('var/lib/release-agent')),
      'nothing ran that could have left state in the image',
    );
  });

  await t.test('boots the release that the store names', async t => {
    await giveRelease(machine.root);
    await machine.boot();
    await eventually(
      'the application answers',
      () => inside(machine, 'curl', '-sf', '127.0.0.1:8080/version'),
      {
        timeoutMs: 60_000,
        everyMs: 200,
      },
    );
    t.equal(await inside(machine, 'systemctl', 'is-active', AGENT), 'active');
    t.match(await inside(machine, 'systemctl', 'status', AGENT), /Status: "/);
    // what else an image starts may fail on a busy machine
    const state = (await machine.exec(['systemctl', 'is-system-running', '--wait'])).stdout.trim();
    t.match(state, /^(?:running|degraded)$/);
    const failed = await inside(machine, 'systemctl', 'list-units', '--failed', '--plain', '--no-legend');
    t.notMatch(failed, /release-agent|web/);
    if (state !== 'running') t.comment(failed);
  });

  await t.test('is found by its name in the journal and among the processes', async t => {
    t.match(await inside(machine, 'journalctl', '--identifier=release-agentd'), /release-agentd 0\S+ starts/);
    t.equal((await machine.exec(['journalctl', '--identifier=node'])).stdout.trim(), '-- No entries --');
    const pid = await pidOf(machine, AGENT);
    t.equal(await inside(machine, 'ps', '-C', 'release-agentd', '-o', 'pid='), pid);
    t.match(await inside(machine, 'ps', '-o', 'args=', pid), /^\S+\/node --lite-mode .*release-agentd\.cjs$/);
  });

  await t.test('starts from the compile cache that its installation filled', async t => {
    const filled = await cacheOf(machine);
    t.ok(filled.split('\n').length >= 2, filled);
    await inside(machine, 'systemctl', 'restart', AGENT);
    t.equal(await cacheOf(machine), filled, 'V8 accepted it: Node writes again what it refuses');
  });

  await t.test('is upgraded while the application runs on', async t => {
    const [agent, app] = [await pidOf(machine, AGENT), await pidOf(machine, 'web.service')];
    await upgradeTo(later);
    await agentIsNew(agent);
    t.equal(await pidOf(machine, 'web.service'), app);
    t.notMatch(await machine.journal(AGENT), /drain/i);
  });

  await t.test('does not restart the agent where policy-rc.d forbids it', async t => {
    const agent = await pidOf(machine, AGENT);
    await put(machine.root, '/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    await upgradeTo(later);
    t.equal(await pidOf(machine, AGENT), agent);
    await inside(machine, 'rm', '/usr/sbin/policy-rc.d');
  });

  await t.test('ends an agent that hangs, and the application runs on', async t => {
    const [agent, app] = [await pidOf(machine, AGENT), await pidOf(machine, 'web.service')];
    const dropIn = '/run/systemd/system/release-agentd.service.d/short.conf';
    await inside(machine, 'mkdir', '-p', '/run/systemd/system/release-agentd.service.d');
    await inside(
      machine,
      'sh',
      '-c',
      `printf '[Service]\\nWatchdogSec=2s\\nTimeoutAbortSec=1s\\n' >${dropIn}`,
    );
    await inside(machine, 'systemctl', 'daemon-reload');
    await inside(machine, 'systemctl', 'restart', AGENT);
    const watched = await pidOf(machine, AGENT);
    t.not(watched, agent);
    await inside(machine, 'sleep', '3');
    t.equal(await pidOf(machine, AGENT), watched, 'its pings arrive');
    await inside(machine, 'kill', '-STOP', watched);
    await agentIsNew(watched);
    t.equal(await pidOf(machine, 'web.service'), app);
    t.match(await machine.journal(AGENT), /watchdog timeout/i);
  });

  await t.test('is removed: the agent stops, the application and the state stay', async t => {
    const app = await pidOf(machine, 'web.service');
    await inside(machine, 'dpkg', '--remove', 'release-agent');
    t.equal(await isActive(machine, AGENT), false);
    t.equal(await pidOf(machine, 'web.service'), app);
    t.ok(existsSync(inRoot('var/lib/release-agent/journal.json')));
    await upgradeTo(later);
    await agentIsNew('0');
  });

  await t.test('is purged: nothing is left, but a volume in use', async t => {
    const slots = '/var/lib/release-agent/slots';
    for (const slot of ['idle', 'busy']) {
      await inside(machine, 'systemd-mount', '--collect', '--type=tmpfs', 'tmpfs', `${slots}/${slot}`);
    }
    const hold = ['systemd-run', '--unit=hold', 'sh', '-c', `cd ${slots}/busy && exec sleep 300`];
    await inside(machine, ...hold);
    await inside(machine, 'touch', `${slots}/busy/kept`);
    await inside(machine, 'dpkg', '--purge', 'release-agent');
    const left = await inside(machine, 'find', '/var/lib/release-agent');
    t.same(left.split('\n'), ['/var/lib/release-agent', slots, `${slots}/busy`, `${slots}/busy/kept`]);
    await inside(machine, 'systemctl', 'stop', 'hold', 'web');
    await inside(machine, 'umount', `${slots}/busy`);
    await inside(machine, 'rm', '-r', '/var/lib/release-agent');
    for (const path of OURS) t.equal((await machine.exec(['test', '-e', path])).code, 1, `${path} is gone`);
    for (const group of ['release-agent', 'release-agent-operators'])
      t.equal((await machine.exec(['getent', 'group', group])).code, 2, group);
    t.equal(
      await inside(
        machine,
        'find',
        '/run/systemd/system',
        '/run/systemd/transient',
        '-type',
        'f',
        '-name',
        '*release*',
      ),
      '',
    );
    t.equal((await machine.exec(['systemctl', 'list-unit-files', AGENT])).stdout.includes(AGENT), false);
  });
});
