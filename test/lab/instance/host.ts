import {join} from 'node:path';
import type {Ec2} from '../ec2/ec2.ts';
import {put} from '../image/base.ts';
import {serveIn} from '../network/listen.ts';
import {ADDRESSES, GOSSIP, IMDS_ADDRESS, type Link, type Network} from '../network/network.ts';
import type {RegionOptions} from '../region.ts';
import type {Resources} from '../resources.ts';
import type {RunResult} from '../run.ts';
import type {Closer} from '../services/services.ts';
import {imdsListener, type Metadata} from './imds.ts';
import {createMachine, type Machine} from './instance.ts';

/** What is known of an instance when its files are written. */
export type InstanceFiles = {
  readonly index: number;
  readonly id: string;
  readonly ip: string;
  readonly zone: string;
  readonly app: string;
  readonly channel: string;
  readonly gitUrl: string;
};

export type Instance = InstanceFiles &
  Omit<Machine, 'remove'> & {
    /** What IMDS says; change it while the instance runs. */
    readonly metadata: Metadata;
    /** Pulls and plugs the network cable. */
    readonly partition: () => Promise<void>;
    readonly heal: () => Promise<void>;
    /** Loses every packet to one address of the region (ADDRESSES), until `find`. */
    readonly lose: Link['lose'];
    readonly find: Link['find'];
    readonly agentctl: (...args: string[]) => Promise<RunResult>;
    /** The agent's pid as seen inside, 0 when it does not run. */
    readonly pidOfAgent: () => Promise<number>;
    /** TerminateInstances as an Auto Scaling group does it: an orderly shutdown, then the instance and its flagged volumes are gone. */
    readonly terminate: () => Promise<void>;
  };

export type CreateInstance = {
  index: number;
  zone: string;
  app: string;
  channel: string;
  dir: string;
  layers: readonly string[];
  network: Network;
  ec2: Ec2;
  resources: Resources;
  closers: Closer[];
  options: RegionOptions;
};

/** Makes an instance known to EC2, with its network, its IMDS and its root file system; not yet booted. */
export const createInstance = async (given: CreateInstance): Promise<Instance> => {
  const {index, zone, app, channel, dir, layers, network, ec2, resources, closers, options} = given;
  const tags = {Name: `${options.name}-i${index}`, ...(options.tags?.(index) ?? {})};
  const {id} = await ec2.runInstance({zone, tags});
  const link = await network.connect(index);
  const {ip, namespace} = link;
  const metadata: Metadata = {instanceId: id, zone, region: ec2.region, ip, tags};
  const imds = await serveIn({namespace, host: IMDS_ADDRESS, port: 80}, imdsListener(metadata));
  closers.push(() => void imds.close().closeAllConnections());
  const onPowerOn = () => ec2.restoreDevices(id);
  const machine = await createMachine({
    name: `${options.name}-i${index}`,
    dir: join(dir, 'instances'),
    layers,
    namespace,
    resources,
    onPowerOn,
  });
  const facts: InstanceFiles = {index, id, ip, zone, app, channel, gitUrl: `http://${ADDRESSES.git}/app.git`};
  for (const [path, content] of Object.entries(filesOf(facts, options)))
    await put(machine.root, path, content);
  return {
    ...facts,
    ...machine,
    metadata,
    partition: link.down,
    heal: link.up,
    lose: link.lose,
    find: link.find,
    agentctl: (...args) => machine.exec(['agentctl', ...args]),
    pidOfAgent: async () =>
      Number(
        (await machine.exec(['systemctl', 'show', '--property=MainPID', '--value', 'release-agentd.service']))
          .stdout,
      ),
    terminate: async () => {
      await machine.stop();
      await ec2.terminateInstance(id);
      await machine.remove();
      await link.remove();
      imds.close().closeAllConnections();
    },
  };
};

// ProtectKernelTunables= gives the agent a /proc of its own, where the boot id is the one of the machine that all containers run on.
const OWN_BOOT_ID = {
  '/etc/tmpfiles.d/lab.conf': 'f /run/lab-boot-id 0444 root root - %b\n',
  '/etc/systemd/system/release-agentd.service.d/lab.conf':
    '[Service]\nBindReadOnlyPaths=/run/lab-boot-id:/proc/sys/kernel/random/boot_id\n',
};

const filesOf = (
  instance: InstanceFiles,
  {config = defaultConfig, files = () => ({})}: RegionOptions,
): Record<string, string> => ({
  '/etc/hostname': `ip-${instance.ip.replaceAll('.', '-')}\n`,
  '/etc/consul.d/agent.json': JSON.stringify(
    consulClient({node: instance.id, address: instance.ip}),
    null,
    2,
  ),
  '/etc/systemd/system.conf.d/lab.conf': `[Manager]\nDefaultEnvironment=AWS_ENDPOINT_URL=http://${ADDRESSES.ec2}\n`,
  ...OWN_BOOT_ID,
  '/etc/release-agent/config.d/50-lab.toml': config(instance),
  ...files(instance),
});

/** An instance's own Consul agent, and the application's service with its check. */
export const consulClient = ({node, address}: {node?: string; address: string}) => ({
  node_name: node,
  datacenter: 'lab',
  data_dir: '/var/lib/consul',
  bind_addr: address,
  client_addr: '127.0.0.1',
  retry_join: [ADDRESSES.consul],
  retry_interval: '1s',
  leave_on_terminate: true,
  disable_update_check: true,
  log_level: 'warn',
  gossip_lan: GOSSIP,
  limits: {http_max_conns_per_client: 2_000},
  service: {
    name: 'web',
    port: 8080,
    checks: [
      {
        id: 'web',
        http: 'http://127.0.0.1:8080/healthz',
        interval: '500ms',
        timeout: '2s',
        status: 'critical',
      },
    ],
  },
});

/** The product's configuration as an operator of such a fleet would write it, with times short enough for tests. */
export const defaultConfig = ({app, channel, gitUrl}: InstanceFiles): string => `app = "${app}"
channel = "${channel}"
store = "consul://127.0.0.1:8500/release-agent"

[install]
git = { url = "${gitUrl}" }
ebs = { volume-type = "gp3" }

[activate]
path = "/release"
units = ["web.service"]

[traffic]
consul = { service = "web" }
drain = { port = 8080, protocol = "http1", timeout = "20s" }

[gate]
http = "http://127.0.0.1:8080/healthz"
interval = "250ms"
timeout = "20s"
bake = "3s"
`;
