import {join} from 'node:path';
import type {Test} from 'tap';
import {ADDRESSES, GOSSIP, within} from '../../lab/network/network.ts';
import type {Region} from '../../lab/region.ts';
import {must} from '../../lab/run.ts';
import {type Consul, startConsulServer} from '../../lab/services/consul.ts';
import {eventually} from '../../support/eventually.ts';

const PEERS = ['10.77.0.5', '10.77.0.6'] as const;

/** Two more Consul servers in the region's network: with the region's own they are three, and none leads without another. `more`: for their configuration. */
export const addPeers = async (
  t: Test,
  region: Region,
  more: Readonly<Record<string, unknown>>,
): Promise<readonly Consul[]> => {
  const wire = `lab-${region.name}-wire`;
  const dir = t.testdir();
  const peers = await Promise.all(
    PEERS.map(async (ip, n) => {
      await must(['ip', '-n', wire, 'addr', 'add', `${ip}/24`, 'dev', 'br0']);
      const config = {
        node_name: `consul-peer-${n}`,
        bootstrap_expect: 0,
        retry_join: [ADDRESSES.consul],
        retry_interval: '1s',
        bind_addr: ip,
        client_addr: ip,
        addresses: {http: `${ip} unix://${join(region.dir, `peer-${n}.sock`)}`},
        ports: {grpc: -1, dns: -1},
        gossip_lan: GOSSIP,
        ...more,
      };
      const address = region.consul.address; // the leader that it joins answers
      const peer = await startConsulServer({dir: join(dir, ip), config, within: within(wire), address});
      t.teardown(peer.kill);
      return peer;
    }),
  );
  await eventually('three voters', async () => (await voters(region)) === 3, {
    timeoutMs: 60_000,
    everyMs: 200,
  });
  return peers;
};

const voters = async ({consul}: Region): Promise<number> => {
  const reply = await fetch(`${consul.address}/v1/operator/raft/configuration`, {
    signal: AbortSignal.timeout(5_000),
  });
  if (!reply.ok) return 0;
  const {Servers} = (await reply.json()) as {Servers: {Voter: boolean}[]};
  return Servers.filter(({Voter}) => Voter).length;
};
