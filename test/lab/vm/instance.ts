import type {Ec2} from '../ec2/ec2.ts';
import {imdsListener, type Metadata} from '../instance/imds.ts';
import {serveIn} from '../network/listen.ts';
import {IMDS_ADDRESS, type Link, type Network} from '../network/network.ts';
import type {VmImage} from './image.ts';
import {startVm, type Vm} from './vm.ts';

export interface VmInstance {
  readonly id: string;
  readonly ip: string;
  readonly vm: Vm;
  /** What IMDS says; change it while the instance runs. */
  readonly metadata: Metadata;
  readonly link: Link;
  readonly remove: () => Promise<void>;
}

export interface VmInstanceOptions {
  /** the instance's number in its region; its address is 10.77.0.(10 + index) */
  readonly index: number;
  readonly image: VmImage;
  readonly network: Network;
  readonly ec2: Ec2;
  readonly dir: string;
  readonly zone?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** An instance of a region that is a virtual machine: known to EC2, with its network and its IMDS, and booted. */
export const startVmInstance = async (options: VmInstanceOptions): Promise<VmInstance> => {
  const {index, image, network, ec2, dir, tags = {}} = options;
  const {id, zone} = await ec2.runInstance({tags, ...(options.zone !== undefined && {zone: options.zone})});
  const link = await network.connect(index);
  const {ip, namespace} = link;
  const metadata: Metadata = {instanceId: id, zone, region: ec2.region, ip, tags};
  const imds = await serveIn({namespace, host: IMDS_ADDRESS, port: 80}, imdsListener(metadata));
  const closeImds = (): void => void imds.close().closeAllConnections();
  const uplink = {device: 'eth0', subnet: '10.77.0.0/24'};
  const name = `ip-${ip.replaceAll('.', '-')}`;
  const vm = await startVm({name, image, dir, network: {namespace, address: ip, uplink}}).catch(error => {
    closeImds();
    throw error;
  });
  const remove = async (): Promise<void> => {
    await vm.down();
    closeImds();
    await link.remove();
  };
  return {id, ip, vm, metadata, link, remove};
};
