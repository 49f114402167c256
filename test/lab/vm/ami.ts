import {packageForLab} from '../image/package.ts';
import {consulClient} from '../instance/host.ts';
import {ADDRESSES} from '../network/network.ts';
import {buildVmImage, type VmImage} from './image.ts';

/** The image of every virtual machine in tests: our package, its configuration, and a Consul client agent. Built once for all. */
export const buildAmi = async (): Promise<VmImage> =>
  buildVmImage({deb: await packageForLab(), files: FILES, enable: ['consul.service']});

/** Plain emulation is some ten times slower than a processor, and how slow depends on what else runs. */
const CONFIG = `app = "web"
channel = "production"
store = "consul://${ADDRESSES.consul}:8500/release-agent"

[install]
ebs = { volume-type = "gp3" }

[activate]
path = "/release"
script = "deploy/start"
units = ["web.service"]

[traffic]
consul = { service = "web" }
drain = { port = 8080, protocol = "http1", timeout = "60s" }

[gate]
http = "http://127.0.0.1:8080/healthz"
interval = "500ms"
probe-timeout = "10s"
timeout = "120s"
bake = "3s"
`;

// The node gets the machine's name and address, which the image does not know; gossip as slow as Consul's own defaults.
const CONSUL = {...consulClient({address: '{{ GetInterfaceIP "eth0" }}'}), gossip_lan: undefined};

const FILES: Readonly<Record<string, string>> = {
  '/etc/release-agent/config.d/50-lab.toml': CONFIG,
  '/etc/consul.d/agent.json': JSON.stringify(CONSUL, null, 2),
};
