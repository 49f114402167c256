/** A host set up by Debian's cloud-init with the user-data of AMI.md: what `runcmd` starts comes after all that systemd waits for. */
import {readFile, rm} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import t, {type Test} from 'tap';
import {writeRelease} from '../lab/application/releases.ts';
import {put} from '../lab/image/base.ts';
import {packageForLab} from '../lab/image/package.ts';
import type {Machine} from '../lab/instance/instance.ts';
import {freePorts} from '../lab/network/ports.ts';
import {must} from '../lab/run.ts';
import {startConsulServer} from '../lab/services/consul.ts';
import {eventually} from '../support/eventually.ts';
import {fetch} from '../support/fetch.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {startBareMachine} from './machine.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const DESIRED = 'release-agent/web/production/desired';
const WANTS = 'etc/systemd/system/multi-user.target.wants/consul.service';

/** What of the page's user-data needs AWS, and what stands for it here. */
const userData = async (): Promise<string> => {
  const page = await readFile(join(REPOSITORY, 'AMI.md'), 'utf8');
  const [, block = ''] = /```yaml\n(#cloud-config\n[\s\S]*?)```/.exec(page) ?? [];
  const [curl = ''] = /^ +- \[curl, .*$/m.exec(block) ?? [];
  return block
    .replace('ebs = {}', 'git = { url = "file:///srv/app" }')
    .replace('{"retry_join": ["provider=aws tag_key=consul tag_value=production"]}', '{"log_level": "info"}')
    .replace(curl, '  - [cp, /root/package.deb, /run/release-agent.deb]');
};

const without = (text: string, ...commands: readonly string[]): string =>
  text
    .split('\n')
    .filter(line => !commands.some(command => line.includes(`- [${command},`)))
    .join('\n');

/** What the image itself says: who it is without AWS, and its seed. */
const imageConfig = (seed: string): string => `seed = "${seed}"
coordinate = "none"
imds = "off"
[identity]
instance = "i-1"
[traffic.drain]
quiet = "200ms"
timeout = "2s"
[gate]
interval = "100ms"
bake = "0s"
`;

const CLOUD = `datasource_list: [NoCloud]
network: {config: disabled}
locale: false
`;

interface Prepared {
  readonly machine: Machine & {install(deb: string): Promise<string>};
  readonly seed: string;
  readonly desired: string;
}

/** An image with cloud-init and a Consul that nothing starts, whose data say what is desired. */
const image = async (t: Test, name: string, data: string): Promise<Prepared> => {
  const machine = await startBareMachine(t, name, ['cloud-init']);
  const {root} = machine;
  t.teardown(async () => {
    if (!t.passing()) t.comment((await machine.journal()).slice(-12_000));
  });
  const seed = await commit(root, 'seed');
  const desired = await commit(root, 'desired');
  const ports = await freePorts(2);
  const config = consulConfig(ports);
  const [http = 0] = await freePorts(1);
  const consul = await startConsulServer({
    dir: await temporaryFolder(t),
    config: {...config, data_dir: join(root, 'var/lib/consul'), ports: {...config.ports, http}},
    address: `http://127.0.0.1:${http}`,
  });
  t.ok((await fetch(`${consul.address}/v1/kv/${DESIRED}`, {method: 'PUT', body: desired})).ok);
  await consul.stop();
  await rm(join(root, WANTS));
  await put(root, '/etc/consul.d/10-image.json', JSON.stringify({...config, data_dir: '/var/lib/consul'}));
  await put(root, '/etc/release-agent/config.d/50-fleet.toml', imageConfig(seed));
  await put(root, '/etc/systemd/system-preset/05-consul.preset', 'disable consul.service\n');
  await put(root, '/etc/cloud/cloud.cfg.d/99-lab.cfg', CLOUD);
  await put(root, '/var/lib/cloud/seed/nocloud/meta-data', 'instance-id: i-1\n');
  await put(root, '/var/lib/cloud/seed/nocloud/user-data', data);
  return {machine, seed, desired};
};

const consulConfig = ([server = 0, serf = 0]: readonly number[]) => ({
  server: true,
  bootstrap_expect: 1,
  node_name: 'i-1',
  datacenter: 'lab',
  bind_addr: '127.0.0.1',
  disable_update_check: true,
  performance: {raft_multiplier: 1},
  ports: {server, serf_lan: serf, serf_wan: -1, dns: -1, grpc: -1},
  service: {name: 'web', port: 8080},
});

const commit = async (root: string, name: string): Promise<string> => {
  const tree = join(root, 'srv/app');
  await must(['mkdir', '-p', tree]);
  await writeRelease(tree, {name});
  const git = (...args: string[]) =>
    must(['git', '-C', tree, '-c', 'user.name=t', '-c', 'user.email=t@t.example', ...args]);
  await git('init', '--quiet');
  await git('add', '.');
  await git('commit', '--quiet', `--message=${name}`);
  return (await git('rev-parse', 'HEAD')).trim();
};

/** Waits until the host serves, and gives the releases it activated. */
const served = async (machine: Machine): Promise<readonly string[]> => {
  await eventually(
    'the host serves',
    async () => {
      const {stdout} = await machine.exec(['agentctl', 'status', '--json']);
      return stdout !== '' && JSON.parse(stdout).phase === 'serving';
    },
    {timeoutMs: 120_000, everyMs: 200},
  );
  return activated(machine);
};

const activated = async (machine: Machine): Promise<readonly string[]> => {
  const {stdout} = await machine.exec(['agentctl', 'history', '--json']);
  const lines: readonly {phase: string; release: string}[] = JSON.parse(stdout);
  return lines.filter(({phase}) => phase === 'activating').map(({release}) => release);
};

const cloudInitIsDone = async (t: Test, machine: Machine) => {
  const {stdout} = await machine.exec(['cloud-init', 'status', '--wait'], {timeoutMs: 120_000});
  t.match(stdout, /^status: done$/m, stdout);
};

t.test('cloud-init', {skip: unmet('root', 'debian'), timeout: 600_000}, async t => {
  t.jobs = 3; // one of them only waits
  const deb = await packageForLab();
  const page = await userData();

  await t.test(
    'a Consul that runcmd starts is waited for: the host boots what it says',
    {buffered: true},
    async t => {
      const {machine, desired} = await image(
        t,
        `cloud-a-${process.pid % 10_000}`,
        without(page, 'cp', 'apt-get'),
      );
      await machine.install(deb);
      await machine.boot();
      t.same(await served(machine), [desired], 'not the seed');
      await cloudInitIsDone(t, machine);
    },
  );

  await t.test('so is one that comes after the package', {buffered: true}, async t => {
    const {machine, desired} = await image(t, `cloud-b-${process.pid % 10_000}`, page);
    await must(['cp', deb, join(machine.root, 'root/package.deb')]);
    await machine.boot();
    await cloudInitIsDone(t, machine);
    t.same(await served(machine), [desired], 'not the seed');
  });

  await t.test('one that never comes costs no boot: the seed serves after all', {buffered: true}, async t => {
    const data = without(page, 'cp', 'apt-get', 'systemctl').replace('runcmd:', '');
    const {machine, seed} = await image(t, `cloud-c-${process.pid % 10_000}`, data);
    await machine.install(deb);
    await machine.boot();
    await cloudInitIsDone(t, machine);
    t.same(await activated(machine), [], 'nothing yet');
    t.match((await machine.exec(['agentctl', 'status'])).stdout, /cloud-init may still start/);
    await eventually(
      'the seed answers',
      async () => (await machine.exec(['curl', '-sf', '127.0.0.1:8080/version'])).stdout.includes('seed'),
      {timeoutMs: 60_000, everyMs: 200},
    );
    t.same(await activated(machine), [seed]);
  });
});
