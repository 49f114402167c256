/** The real Consul that a benchmark runs against: one server on loopback, with connections for thousands of hosts. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {consulProgram} from '../../test/lab/image/prepare.ts';
import {type Consul, startConsulServer} from '../../test/lab/services/consul.ts';

/** Each host has a connection for each key it watches, and some for calls. Consul starts with no more than it has descriptors for. */
const CONNECTIONS = 19_000;

/** Has the work done with a Consul of its own, and the path of its program. */
export const withConsul = async <T>(work: (consul: Consul, program: string) => Promise<T>): Promise<T> => {
  const dir = await mkdtemp(join(tmpdir(), 'release-agent-bench-'));
  const config = {limits: {http_max_conns_per_client: CONNECTIONS}, session_ttl_min: '10s'};
  const consul = await startConsulServer({dir, config});
  try {
    return await work(consul, await consulProgram());
  } finally {
    await consul.stop();
    await rm(dir, {recursive: true, force: true});
  }
};
