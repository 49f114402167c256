import {createHash} from 'node:crypto';
import {type Attachment, PORTS} from './ebs.ts';
import {ROOT_PARTITION, type VmImage} from './image.ts';
import type {WiredNetwork} from './network.ts';
import type {Acceleration} from './prepare.ts';

export interface VmFiles {
  readonly overlay: string;
  readonly console: string;
  readonly qmp: string;
  readonly agent: string;
}

export interface VmCommand {
  readonly name: string;
  readonly namespace: string;
  readonly image: VmImage;
  readonly files: VmFiles;
  readonly network: WiredNetwork;
  readonly attached: readonly Attachment[];
  readonly acceleration: Acceleration;
  readonly memoryMb: number;
}

/** The argv that runs QEMU inside the namespace: root disk and volumes on NVMe, one network card, no initrd. */
export const vmCommand = (vm: VmCommand): string[] => [
  ...['ip', 'netns', 'exec', vm.namespace, 'qemu-system-x86_64', '-nodefaults', '-display', 'none'],
  ...['-name', vm.name, '-machine', 'q35', '-cpu', processor(vm), '-smp', '2', '-m', String(vm.memoryMb)],
  ...(vm.acceleration === 'kvm' ? ['-accel', 'kvm', '-accel', 'tcg'] : ['-accel', 'tcg,thread=multi']),
  ...['-kernel', vm.image.kernel, '-append', kernelArguments(vm)],
  ...['-chardev', `file,id=console,path=${vm.files.console},append=on`, '-serial', 'chardev:console'],
  ...['-qmp', `unix:${vm.files.qmp},server=on,wait=off`],
  ...guestAgent(vm.files.agent),
  ...rootDisk(vm.files.overlay),
  ...networkCard(vm),
  ...PORTS.flatMap((port, at) => ['-device', `pcie-root-port,id=${port},chassis=${at + 1},slot=${at + 1}`]),
  ...vm.attached.flatMap(({blockdev, device}) => [
    ...['-blockdev', JSON.stringify(blockdev)],
    ...['-device', JSON.stringify(device)],
  ]),
];

// Emulating AVX takes longer than doing without: a boot to the first release costs a quarter less without it (39 → 31 s of CPU).
const processor = ({acceleration}: VmCommand): string => (acceleration === 'kvm' ? 'max' : 'Nehalem');

const kernelArguments = ({name, network}: VmCommand): string =>
  `root=${ROOT_PARTITION} rootwait rw console=ttyS0 quiet panic=1 mitigations=off systemd.hostname=${name} ${network.kernelArguments}`;

const guestAgent = (socket: string): string[] => [
  ...['-device', 'virtio-serial-pci', '-chardev', `socket,path=${socket},server=on,wait=off,id=agent`],
  ...['-device', 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'],
];

/**
 * An overlay that dies with the machine. `powerOff` sees to it that the drive keeps what it acknowledged, as EBS does.
 * `direct` (O_DIRECT) would buy nothing, since this host's page cache outlives QEMU; without it aio must be threads.
 */
const rootDisk = (overlay: string): string[] => {
  const cache = {direct: false, 'no-flush': false};
  const file = {driver: 'file', filename: overlay, aio: 'threads', cache};
  return [
    ...['-blockdev', JSON.stringify({driver: 'qcow2', 'node-name': 'root', file, cache})],
    ...['-device', 'nvme,drive=root,serial=vol00000000000000000'],
  ];
};

const networkCard = ({name, network}: VmCommand): string[] => {
  const mac = createHash('sha256').update(name).digest('hex').slice(0, 10).replace(/../g, ':$&');
  return [
    ...['-netdev', `tap,id=net,ifname=${network.tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net,mac=02${mac},romfile=`],
  ];
};
