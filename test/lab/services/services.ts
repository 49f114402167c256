import {join} from 'node:path';
import type {Devices} from '../ec2/devices.ts';
import {type Ec2, startEc2} from '../ec2/ec2.ts';
import {serveIn} from '../network/listen.ts';
import {ADDRESSES, GOSSIP, type Network, within} from '../network/network.ts';
import {freePorts} from '../network/ports.ts';
import {relayTo} from '../network/relay.ts';
import type {Resources} from '../resources.ts';
import {type Balancer, startBalancer} from './balancer.ts';
import {type Consul, startConsulServer} from './consul.ts';
import {type GitServer, startGitServer} from './git-server.ts';
import {createKv, type Kv} from './kv.ts';

/** What a region has beside its instances. */
export type Services = {
  readonly consul: Consul & Kv;
  readonly ec2: Ec2;
  readonly git: GitServer & {readonly insideUrl: string};
  readonly balancer: Balancer;
};

/** Ends one part of the region. */
export type Closer = () => unknown;

type StartServices = {
  dir: string;
  network: Network;
  devices: Devices;
  resources: Resources;
  closers: Closer[];
  /** laid over the configuration of the Consul server */
  consul: Readonly<Record<string, unknown>>;
};

/** Starts Consul, EC2, git and HAProxy in the region's network; `closers` gets what ends each. */
export const startServices = async (given: StartServices, signal?: AbortSignal): Promise<Services> => {
  const {dir, network, devices, resources, closers} = given;
  const {wire} = network;
  const closing = async <T>(started: Promise<T>, close: (it: T) => unknown): Promise<T> => {
    const it = await started;
    closers.push(() => close(it));
    return it;
  };
  const starting = [
    closing(startConsul(given, signal), it => it.kill()),
    closing(startEc2({dir, mode: 'devices', devices}, signal), it => it.stop()),
    closing(startGitServer({dir: join(dir, 'git')}), it => it.stop()),
  ] as const;
  await Promise.allSettled(starting); // when one fails, the others are there to be closed
  const [consul, ec2, git] = await Promise.all(starting);
  const served = [
    {host: ADDRESSES.ec2, listener: ec2.listener},
    {host: ADDRESSES.git, listener: git.listener},
  ];
  for (const {host, listener} of served) {
    await closing(serveIn({namespace: wire, host, port: 80}, listener), it =>
      it.close().closeAllConnections(),
    );
  }
  const balancer = await closing(startBalancer({wire, consul: consul.address, resources}, signal), it =>
    it.stop(),
  );
  return {consul, ec2, git: {...git, insideUrl: `http://${ADDRESSES.git}/app.git`}, balancer};
};

/** The region's Consul server: inside at 10.77.0.1:8500, for the host through a unix socket at a loopback port. */
const startConsul = async (given: StartServices, signal?: AbortSignal): Promise<Consul & Kv> => {
  const {dir, network, resources, closers} = given;
  const socket = join(resources.dir, 'consul.sock');
  const [port = 0] = await freePorts(1);
  closers.push(await relayTo(socket, port));
  const config = {
    bind_addr: ADDRESSES.consul,
    client_addr: ADDRESSES.consul,
    addresses: {http: `${ADDRESSES.consul} 127.0.0.1 unix://${socket}`},
    ports: {grpc: -1, dns: -1},
    gossip_lan: GOSSIP,
    ...given.consul,
  };
  const address = `http://127.0.0.1:${port}`;
  const onStart = ({pid, startTime}: {pid: number; startTime: string}) =>
    resources.add({kind: 'process', what: 'consul', pid, startTime});
  const server = {dir: join(dir, 'consul'), config, within: within(network.wire), address, onStart};
  return {...(await startConsulServer(server, signal)), ...createKv(address)};
};
