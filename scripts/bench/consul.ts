/** The real Consul that a benchmark runs against: one server on loopback, with connections for thousands of hosts. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {consulProgram} from '../../test/lab/image/prepare.ts';
import {freePorts} from '../../test/lab/network/ports.ts';
import {type Consul, startConsulServer} from '../../test/lab/services/consul.ts';

export interface BenchConsul extends Consul {
  /** Starts so many agents that pass on what they are asked to the server; gives their addresses. */
  agents(count: number): Promise<readonly string[]>;
}

/** Each host has a connection for each key it watches, and some for calls. Consul starts with no more than it has descriptors for. */
const CONNECTIONS = 19_000;
const CONFIG = {limits: {http_max_conns_per_client: CONNECTIONS}};

/** Has the work done with a Consul of its own, and the path of its program. */
export const withConsul = async <T>(
  work: (consul: BenchConsul, program: string) => Promise<T>,
): Promise<T> => {
  const dir = await mkdtemp(join(tmpdir(), 'release-agent-bench-'));
  const [http = 0, server = 0, serf = 0] = await freePorts(3);
  const address = `http://127.0.0.1:${http}`;
  const ports = {...NO_PORTS, http, server, serf_lan: serf};
  const consul = await startConsulServer({dir, address, config: {...CONFIG, session_ttl_min: '10s', ports}});
  const started: Consul[] = [consul];
  const agents = async (count: number): Promise<readonly string[]> => {
    for (let n = 1; n <= count; n += 1)
      started.push(await startAgent({dir: join(dir, `agent-${n}`), n, serf}));
    return started.slice(-count).map(agent => agent.address);
  };
  try {
    return await work({...consul, agents}, await consulProgram());
  } finally {
    for (const each of started.toReversed()) await each.stop();
    await rm(dir, {recursive: true, force: true});
  }
};

const NO_PORTS = {serf_wan: -1, dns: -1, grpc: -1};

/** An agent that is no server, as each host of a real fleet has one. */
const startAgent = async ({
  dir,
  n,
  serf,
}: {
  readonly dir: string;
  readonly n: number;
  readonly serf: number;
}) => {
  const [http = 0, server = 0, own = 0] = await freePorts(3);
  const config = {
    ...CONFIG,
    ...{server: false, bootstrap_expect: 0, node_name: `agent-${n}`, retry_join: [`127.0.0.1:${serf}`]},
    ...{retry_interval: '1s', ports: {...NO_PORTS, http, server, serf_lan: own}},
  };
  return startConsulServer({dir, address: `http://127.0.0.1:${http}`, config});
};
