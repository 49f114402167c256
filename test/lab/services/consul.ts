import {readFileSync} from 'node:fs';
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {eventually} from '../../support/eventually.ts';
import {fetch} from '../../support/fetch.ts';
import {consulProgram} from '../image/prepare.ts';
import {freePorts} from '../network/ports.ts';
import {endProcess, gone, isRunning, type RunningProcess, signalProcess, startProcess} from '../process.ts';

export type Consul = {
  /** `http://host:port` */
  readonly address: string;
  readonly pid: () => number;
  /** An orderly end, a power cut, and the start after either: same data, same ports. `restart` does both. */
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly restart: () => Promise<void>;
  /** SIGSTOP and SIGCONT: a server that accepts connections and never answers. */
  readonly freeze: () => void;
  readonly thaw: () => void;
};

export type ConsulOptions = {
  /** data, configuration and log */
  readonly dir: string;
  /** laid over the configuration */
  readonly config?: Readonly<Record<string, unknown>>;
  /** argv before consul's, such as `nsenter --net=…` */
  readonly within?: readonly string[];
  /** where it is reached, when that is not a loopback port of its own */
  readonly address?: string;
  /** remembers the process for a clean-up after a crash */
  readonly onStart?: (server: RunningProcess) => void;
};

/** Starts a real single Consul server, on free loopback ports unless `config` says otherwise, and waits for its leader. */
export const startConsulServer = async (options: ConsulOptions, signal?: AbortSignal): Promise<Consul> => {
  const {dir, config = {}, within = []} = options;
  await mkdir(dir, {recursive: true});
  const [http = 0, server = 0, serf = 0] = await freePorts(3);
  const ports = {http, server, serf_lan: serf, serf_wan: -1, dns: -1, grpc: -1};
  await writeFile(join(dir, 'config.json'), JSON.stringify({...settings(dir), ports, ...config}, null, 2));
  const argv = [...within, await consulProgram(), 'agent', `-config-file=${join(dir, 'config.json')}`];
  const log = join(dir, 'consul.log');
  const address = options.address ?? `http://127.0.0.1:${http}`;
  let running: RunningProcess | undefined;
  const start = async () => {
    if (running && isRunning(running)) return;
    running = startProcess({argv, log});
    options.onStart?.(running);
    await leader({address, log, server: running}, signal);
  };
  const stop = async () => {
    if (running) await endProcess(running);
  };
  await start();
  const send = (name: NodeJS.Signals) => running !== undefined && signalProcess(running, name);
  return {
    address,
    pid: () => running?.pid ?? 0,
    stop,
    kill: async () => {
      if (send('SIGKILL') && running) await gone(running, 5_000);
    },
    start,
    restart: () => stop().then(start),
    freeze: () => void send('SIGSTOP'),
    thaw: () => void send('SIGCONT'),
  };
};

/** A leader elected within about a second; sessions short enough for tests; enough connections for a simulated fleet. */
const settings = (dir: string) => ({
  server: true,
  bootstrap_expect: 1,
  node_name: 'consul-server',
  datacenter: 'lab',
  data_dir: join(dir, 'data'),
  bind_addr: '127.0.0.1',
  client_addr: '127.0.0.1',
  log_level: 'warn',
  leave_on_terminate: false,
  disable_update_check: true,
  session_ttl_min: '1s',
  performance: {raft_multiplier: 1},
  limits: {http_max_conns_per_client: 4_000},
});

type Starting = {address: string; log: string; server: RunningProcess};

const leader = ({address, log, server}: Starting, signal?: AbortSignal): Promise<boolean> =>
  eventually(
    `a Consul leader at ${address} (its log: ${log})`,
    async () => {
      if (!isRunning(server)) throw new Error(`consul ended: ${readFileSync(log, 'utf8').slice(-800)}`);
      return isReady(address);
    },
    {timeoutMs: 30_000, signal},
  );

/** Asks for a write: after a restart /v1/status/leader still names the leader of before. 403 means access control is on and working. */
const isReady = async (address: string): Promise<boolean> => {
  const url = `${address}/v1/kv/release-agent-lab/ready`;
  const put = await fetch(url, {method: 'PUT', body: 'yes', signal: AbortSignal.timeout(2_000)}).catch(
    () => undefined,
  );
  return put !== undefined && (put.ok || put.status === 403);
};
