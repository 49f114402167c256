import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {APPLICATION} from './application.ts';

export interface HostPlaces {
  readonly name: string;
  readonly zone: string;
  /** whether the host gets a release before the others */
  readonly canary: boolean;
  /** where the host's folders are */
  readonly root: string;
  readonly store: string;
  readonly repository: string;
  /** where the application listens */
  readonly port: number;
  /** where the load balancer takes orders */
  readonly balancerPort: number;
}

export const APP = 'web';
export const CHANNEL = 'production';

const TRAFFIC = fileURLToPath(new URL('traffic.ts', import.meta.url));

/** The config.toml of one host: that of any host without systemd, with waits short enough to look on. */
export const configuration = (places: HostPlaces): string => {
  const {name, zone, canary, root, store, repository, port, balancerPort} = places;
  const traffic = (verb: string) => list([process.execPath, TRAFFIC, verb, name, String(balancerPort)]);
  return `app = ${text(APP)}
channel = ${text(CHANNEL)}
role = "web"
canary = ${canary}
store = ${text(fileUrl(store))}
imds = "off"
state-dir = ${text(`${root}/state`)}
run-dir = ${text(`${root}/run`)}

[identity]
instance = ${text(name)}
zone = ${text(zone)}

[install.git]
url = ${text(fileUrl(repository))}

[activate]
kind = "process"
path = ${text(`${root}/release`)}
command = ${list([process.execPath, APPLICATION.file])}
environment = {PORT = "${port}", ZONE = ${text(zone)}}

[traffic.commands]
leave = ${traffic('leave')}
rejoin = ${traffic('rejoin')}

[traffic.drain]
port = ${port}
protocol = "http1"
timeout = "20s"
quiet = "500ms"

[gate]
http = "http://127.0.0.1:${port}/healthz"
interval = "200ms"
fail-after = 5
timeout = "5s"
bake = "2s"
`;
};

/** A folder's address, as configurations and the environment name it. */
export const fileUrl = (path: string): string =>
  `file://${path.split('/').map(encodeURIComponent).join('/')}`;
// JSON's strings are TOML's too
const text = (value: string): string => JSON.stringify(value);
const list = (values: readonly string[]): string => `[${values.map(text).join(', ')}]`;
