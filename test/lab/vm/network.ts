import {must, run} from '../run.ts';

const LINK_LOCAL = '169.254.169.254';
const TAP = 'vm0';

export interface VmNetwork {
  /** the network namespace QEMU runs in; made when it does not exist */
  readonly namespace: string;
  /** the machine's own address, `10.0.0.10` */
  readonly address: string;
  /** an interface of the namespace that leads to the rest of the region, and what is reached through it */
  readonly uplink?: {readonly device: string; readonly subnet: string};
}

export interface WiredNetwork {
  readonly tap: string;
  /** what the machine's kernel is told, read by its lab-network.service */
  readonly kernelArguments: string;
  readonly undo: () => Promise<void>;
}

/**
 * Puts a tap device into the namespace. 169.254.169.254 lives on the namespace's side of it, so that an IMDS started in the
 * namespace is one hop away as on EC2, and is the machine's router. With an uplink the namespace forwards, and answers
 * ARP for the machine's address there (the uplink itself needs no address).
 */
export const wireNetwork = async ({namespace, address, uplink}: VmNetwork): Promise<WiredNetwork> => {
  const created = (await run(['ip', 'netns', 'add', namespace])).code === 0;
  const ip = (...args: string[]): Promise<string> => must(['ip', '-n', namespace, ...args]);
  const set = (name: string, value: string): Promise<string> =>
    must(['ip', 'netns', 'exec', namespace, 'tee', `/proc/sys/net/ipv4/${name}`], {input: value});
  await ip('link', 'set', 'lo', 'up');
  await ip('tuntap', 'add', 'dev', TAP, 'mode', 'tap');
  await ip('address', 'replace', `${LINK_LOCAL}/32`, 'dev', TAP);
  await ip('link', 'set', TAP, 'up');
  await ip('route', 'replace', `${address}/32`, 'dev', TAP);
  if (uplink) {
    await ip('address', 'flush', 'dev', uplink.device);
    await ip('link', 'set', uplink.device, 'up');
    await ip('route', 'replace', uplink.subnet, 'dev', uplink.device);
    await set(`conf/${uplink.device}/proxy_arp`, '1');
    await set('ip_forward', '1');
  }
  const undo = async (): Promise<void> => {
    if (created) await run(['ip', 'netns', 'delete', namespace]);
    else await run(['ip', '-n', namespace, 'link', 'delete', TAP]);
  };
  return {tap: TAP, kernelArguments: `net.ifnames=0 lab.address=${address} lab.router=${LINK_LOCAL}`, undo};
};

/** The unit that gives a machine its address. */
export const NETWORK_UNIT = 'lab-network.service';

/** That unit and its program inside the image; the kernel was told the address. */
export const GUEST_NETWORK: Readonly<Record<string, string>> = {
  [`/etc/systemd/system/${NETWORK_UNIT}`]: `[Unit]
Description=address of the lab
DefaultDependencies=no
Wants=network.target network-online.target
After=sys-subsystem-net-devices-eth0.device
BindsTo=sys-subsystem-net-devices-eth0.device
Before=network.target network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-network

[Install]
WantedBy=multi-user.target
`,
  '/usr/local/sbin/lab-network': `#!/bin/sh -eu
for word in $(cat /proc/cmdline); do
  case $word in
    lab.address=*) address=\${word#*=} ;;
    lab.router=*) router=\${word#*=} ;;
  esac
done
ip link set lo up
ip address replace "$address/32" dev eth0
ip link set eth0 up
ip route replace "$router" dev eth0 scope link
ip route replace default via "$router"
`,
};
