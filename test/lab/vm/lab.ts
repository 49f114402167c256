/**
 * A region whose instances are virtual machines, for what a container cannot show: NVMe hot-plug, a reboot, a power cut.
 *
 *   const lab = await startVmLab({name: 'vm', dir});                              // Consul, EC2, network
 *   const image = await buildAmi();                                               // the package and its configuration
 *   const {vm, id} = await lab.addVm({image});                                    // boots, 15 s without KVM
 *   await vm.must(['agentctl', 'status']);                                        // runs inside, needs no network
 *   await vm.powerCut(); await vm.boot();
 *
 * The agent's store is `consul://10.77.0.1:8500/release-agent`; a Consul client agent runs beside it.
 */

import {join} from 'node:path';
import {loopDevices} from '../ec2/devices.ts';
import {type Ec2, startEc2} from '../ec2/ec2.ts';
import {serveIn} from '../network/listen.ts';
import {ADDRESSES, createNetwork, within} from '../network/network.ts';
import {freePorts} from '../network/ports.ts';
import {relayTo} from '../network/relay.ts';
import {openResources, type Resources} from '../resources.ts';
import {type Consul, startConsulServer} from '../services/consul.ts';
import {createKv, type Kv} from '../services/kv.ts';
import {vmDevices} from './devices.ts';
import type {VmImage} from './image.ts';
import {startVmInstance, type VmInstance} from './instance.ts';
import type {Vm} from './vm.ts';

export interface VmLab {
  readonly consul: Consul & Kv;
  readonly ec2: Ec2;
  /** Makes and boots one more instance that is a virtual machine. */
  readonly addVm: (options: {
    image: VmImage;
    zone?: string;
    tags?: Readonly<Record<string, string>>;
  }) => Promise<VmInstance>;
  /** Removes everything the lab made. */
  readonly down: () => Promise<void>;
}

/** The smallest region for virtual machines: its network, Consul and EC2. Names are as a region's, files go under `dir`. */
export const startVmLab = async ({name, dir}: {name: string; dir: string}): Promise<VmLab> => {
  const resources = await openResources(name);
  const closers: (() => unknown)[] = [];
  const machines = new Map<string, Vm>();
  const down = async (): Promise<void> => {
    for (const close of closers.splice(0).toReversed()) await close();
    await resources.removeAll();
  };
  try {
    const network = await createNetwork(name, resources);
    const devices = vmDevices({vmOf: id => machines.get(id), others: rememberedLoops(resources)});
    const consul = await startConsul(network.wire, {dir, resources, closers});
    const ec2 = await startEc2({dir, mode: 'devices', devices});
    closers.push(ec2.stop);
    const server = await serveIn({namespace: network.wire, host: ADDRESSES.ec2, port: 80}, ec2.listener);
    closers.push(() => server.close().closeAllConnections());
    const addVm: VmLab['addVm'] = async options => {
      const instance = await startVmInstance({...options, index: machines.size + 1, network, ec2, dir});
      machines.set(instance.id, instance.vm);
      closers.push(instance.remove);
      return instance;
    };
    return {consul, ec2, addVm, down};
  } catch (error) {
    await down();
    throw error;
  }
};

const rememberedLoops = (resources: Resources): ReturnType<typeof loopDevices> =>
  loopDevices({
    rootOf: () => undefined,
    onConnect: (device, image) => resources.add({kind: 'loop', device, image}),
    onDisconnect: device => resources.drop(each => each.kind === 'loop' && each.device === device),
  });

type Parts = {dir: string; resources: Resources; closers: (() => unknown)[]};

/** For machines at 10.77.0.1:8500, for this process through a unix socket at a loopback port. */
const startConsul = async (wire: string, {dir, resources, closers}: Parts): Promise<Consul & Kv> => {
  const socket = join(resources.dir, 'consul.sock');
  const [port = 0] = await freePorts(1);
  closers.push(await relayTo(socket, port));
  const http = `${ADDRESSES.consul} 127.0.0.1 unix://${socket}`;
  const config = {
    bind_addr: ADDRESSES.consul,
    client_addr: ADDRESSES.consul,
    addresses: {http},
    ports: {grpc: -1, dns: -1},
  };
  const address = `http://127.0.0.1:${port}`;
  const consul = await startConsulServer({dir: join(dir, 'consul'), config, within: within(wire), address});
  closers.push(consul.kill);
  return {...consul, ...createKv(address)};
};
