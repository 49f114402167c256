/** The agent's unit may do next to nothing, and everything of the release's and the operator's still works. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {packageForLab} from '../lab/image/package.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {type Host, startHost} from './host-with-script.ts';
import {CAPABILITIES} from './unit.ts';

const AGENT = 'release-agentd.service';
const LEAVE = 'release-agent-leave.service';
const SCRIPTS = 'release-agent-*';
const ODD = 'it\'s "so" $HOME %h \\n `x` #ü';

/** What a script of the old world did: mounts, writes anywhere, leaves something running. */
const FREE = `#!/bin/sh
set -eu
mountpoint -q /srv/extra || { mkdir -p /srv/extra; mount -t tmpfs tmpfs /srv/extra; }
cp release.json /srv/extra/
for folder in /etc /root /tmp /usr/local /; do echo here >$folder/from-script; done
printf %s "$ODD" >/run/odd
env | sed 's/=.*//' | sort >/run/names
runuser -u nobody -- id -un
sleep 1000 </dev/null >/dev/null 2>&1 &
echo $! >/run/left-running
mkdir -p cache && touch cache/file && chown -R nobody cache && chmod 1755 cache
echo done with it
`;
const hang = `#!/bin/sh
trap '' TERM
sleep 1000 & echo $$ $! >/run/hanging.new && mv /run/hanging.new /run/hanging
echo waiting
wait; wait; sleep 1000
`;
const hangOnce = hang.replace('\n', '\n[ ! -e /run/hung ] || exit 0\ntouch /run/hung\n');

const reportOf = async ({machine}: Host) =>
  JSON.parse((await machine.exec(['agentctl', 'status', '--json'])).stdout);
/** Waits until this release is refused here, and gives the words why. */
const takenBack = (host: Host, name: string): Promise<string> =>
  eventually(
    `${name} is taken back`,
    async () => {
      const {rejected, phase} = await reportOf(host);
      return phase === 'serving' && rejected?.release === host.revisionOf(name) && rejected.text;
    },
    {timeoutMs: 60_000, everyMs: 200},
  );
const alive = async (host: Host, pids: string): Promise<string> =>
  (await host.machine.exec(['ps', '-o', 'pid=', '-p', pids.trim().replaceAll(' ', ',')])).stdout.trim();
const unitsLeft = (host: Host) =>
  host
    .inside('systemctl', 'list-units', '--all', '--plain', '--no-legend', '--type=service', SCRIPTS)
    .then(text =>
      text
        .split('\n')
        .filter(
          line =>
            line !== '' && !line.startsWith(AGENT) && !line.startsWith(LEAVE) && !line.includes(' dead '),
        )
        .join('\n'),
    );

t.test('the unit', {skip: unmet('root', 'debian'), timeout: 300_000}, async t => {
  const host = await startHost(t, {
    name: `unit-${process.pid % 10_000}`,
    deb: await packageForLab(),
    script: FREE,
    odd: ODD,
  });
  const {inside, machine} = host;
  t.teardown(async () => {
    if (!t.passing()) t.comment((await machine.journal(AGENT)).slice(-6_000));
  });

  await t.test('lets the script mount, write and change users: the host sees it all', async t => {
    await host.serving('first');
    t.match(await inside('cat', '/srv/extra/release.json'), /first/);
    for (const folder of ['/etc', '/root', '/tmp', '/usr/local', ''])
      t.equal(await inside('cat', `${folder}/from-script`), 'here');
    t.equal(
      await readFile(join(machine.root, 'run/odd'), 'utf8').catch(() => inside('cat', '/run/odd')),
      ODD,
    );
    const journal = await machine.journal(AGENT);
    t.match(journal, /nobody/);
    t.match(journal, /done with it/);
    t.equal(
      await alive(host, await inside('cat', '/run/left-running')),
      await inside('cat', '/run/left-running'),
    );
  });

  await t.test('gives the script the environment that the configuration names', async t => {
    t.equal(await inside('cat', '/run/odd'), ODD);
    const others = ['INVOCATION_ID', 'SYSTEMD_EXEC_PID', 'PWD']; // PWD is the shell's own
    const names = (await inside('cat', '/run/names')).split('\n').filter(name => !others.includes(name));
    t.same(names, [
      'LANG',
      'ODD',
      'PATH',
      'RELEASE_AGENT_APP',
      'RELEASE_AGENT_CHANNEL',
      'RELEASE_AGENT_DIRECTORY',
      'RELEASE_AGENT_PREVIOUS_RELEASE',
      'RELEASE_AGENT_RELEASE',
      'RELEASE_AGENT_ROLE',
    ]);
    t.equal((await machine.exec(['test', '-e', '/run/release-agent/script.environment'])).code, 1);
  });

  await t.test('lets the commands of the operator do what they are for', async t => {
    t.match(await inside('cat', '/etc/traffic'), /^rejoin$/m);
    t.match(
      await inside('cat', '/etc/probed'),
      /^00000000fcecafff$/,
      'a probe has all rights of the container',
    );
  });

  await t.test('leaves the agent itself with nothing else', async t => {
    const pid = await inside('systemctl', 'show', '--property=MainPID', '--value', AGENT);
    const within = (...argv: string[]) => machine.exec(['nsenter', '-t', pid, '-m', '--', ...argv]);
    for (const path of ['/etc/x', '/x', '/usr/x', '/root/x', '/run/x', '/srv/x'])
      t.match((await within('touch', path)).stderr, /Read-only file system/, path);
    t.equal((await within('ls', '/tmp')).stdout, '', 'a /tmp of its own');
    const status = await inside('cat', `/proc/${pid}/status`);
    const mask = CAPABILITIES.reduce((sum, {bit}) => sum | (1n << BigInt(bit)), 0n);
    for (const set of ['CapEff', 'CapPrm', 'CapBnd'])
      t.match(status, new RegExp(`^${set}:\\s+${mask.toString(16).padStart(16, '0')}$`, 'm'));
    t.match(status, /^NoNewPrivs:\s+1$/m);
    t.match(status, /^Seccomp:\s+2$/m);
    const verdict = await inside('systemd-analyze', 'security', '--no-pager', '--threshold=40', AGENT);
    t.match(verdict, /Overall exposure level .*: [0-3]\.\d/);
    t.comment(verdict.split('\n').at(-1));
  });

  await t.test('tells how a script failed', async t => {
    await host.give('fails', '#!/bin/sh\necho "no such table" >&2\nexit 3\n');
    t.match(await takenBack(host, 'fails'), /deploy\/start ended with exit status 3: no such table/);
    await host.give('killed', '#!/bin/sh\nkill -9 $$\n');
    t.match(await takenBack(host, 'killed'), /deploy\/start ended with SIGKILL/);
    await host.give('no-interpreter', '#!/nowhere/sh\n');
    t.match(await takenBack(host, 'no-interpreter'), /first line \(#!\) is not there/);
    await host.serving('first');
    t.equal(await unitsLeft(host), '');
  });

  await t.test('ends a script at its deadline, with all that it started', async t => {
    await host.give('hangs', hang);
    const pids = await host.appears('/run/hanging');
    t.match(await takenBack(host, 'hangs'), /was stopped after 4 s; its last line: waiting/);
    t.equal(await alive(host, pids), '');
    await host.serving('first');
    t.equal(await unitsLeft(host), '');
  });

  await t.test('ends what an agent that was killed left running, before it goes on', async t => {
    await inside('rm', '-f', '/run/hanging');
    await host.give('left-behind', hangOnce);
    const pids = await host.appears('/run/hanging');
    await inside('systemctl', 'kill', '--signal=SIGKILL', AGENT);
    await eventually(
      'the agent is back',
      () => machine.exec(['agentctl', 'status']).then(({stdout}) => stdout !== ''),
      {
        timeoutMs: 30_000,
        everyMs: 100,
      },
    );
    await eventually('the script of before is ended', async () => (await alive(host, pids)) === '', {
      timeoutMs: 20_000,
      everyMs: 50,
    });
    await host.serving('left-behind');
    t.equal(await unitsLeft(host), '');
  });

  await t.test('answers on its socket to the group, and to nobody else', async t => {
    await inside('useradd', '--groups', 'release-agent', 'deputy');
    await inside('useradd', 'stranger');
    const as = (user: string) => machine.exec(['runuser', '-u', user, '--', 'agentctl', 'status', '--json']);
    t.match(JSON.parse((await as('deputy')).stdout), {phase: 'serving'});
    const refused = await as('stranger');
    t.equal(refused.code, 3);
    t.match(refused.stdout + refused.stderr, /you may not use it/);
    t.match(
      await inside('stat', '-c', '%a %U %G', '/run/release-agent/control.sock'),
      '660 root release-agent',
    );
  });

  await t.test('lets the group change nothing, and names operators by what the kernel knows', async t => {
    await inside('useradd', '--groups', 'release-agent,release-agent-operators', 'oncall');
    t.match(
      await inside('stat', '-c', '%a %U %G', '/run/release-agent/operate.sock'),
      '660 root release-agent-operators',
    );
    const hold = (user: string) =>
      machine.exec(['runuser', '-u', user, '--', 'env', 'USER=root', 'agentctl', 'hold', '--note', 'x']);
    const refused = await hold('deputy');
    t.equal(refused.code, 3);
    t.match(refused.stderr, /changes are for root and the group\s+release-agent-operators/);
    t.equal((await hold('oncall')).code, 0);
    const {hold: held} = JSON.parse((await machine.exec(['agentctl', 'status', '--json'])).stdout);
    t.equal(held.by, `oncall (${await inside('id', '-u', 'oncall')})`);
    await inside('agentctl', 'resume');
  });

  await t.test('removes slots whose folders the release gave to another user', async t => {
    const slots = () => inside('ls', '/var/lib/release-agent/slots').then(text => text.split('\n'));
    const [owned = ''] = (await inside('sh', '-c', 'ls -d /var/lib/release-agent/slots/*/cache')).split('\n');
    t.equal(await inside('stat', '-c', '%U', owned), 'nobody');
    for (const name of ['next', 'last']) {
      await host.give(name, '#!/bin/sh\n');
      await host.serving(name);
    }
    await eventually('only two slots are left', async () => (await slots()).length <= 2, {
      timeoutMs: 60_000,
      everyMs: 200,
    });
    t.equal((await machine.exec(['test', '-e', owned])).code, 1);
  });
});
