import type {EventKind} from '../core/fleet/telling/event.ts';

/** Where Consul is, and what it is shown. The files are read again when they change. */
export interface ConsulPlace {
  /** `http://host:port`, `https://host:port` or `unix:///path` */
  readonly url: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Consul as a store: the keys are below `prefix`. */
export interface ConsulSettings extends ConsulPlace {
  readonly prefix: string;
}

/** Where the desired release, the ledger and the hosts' statuses are kept. */
export type StoreSettings =
  | {readonly kind: 'directory'; readonly path: string}
  | ({readonly kind: 'consul'} & ConsulSettings);

export interface GitSettings {
  /** https, http, ssh or file; never with credentials in it */
  readonly url: string;
  /** holds `user:password` or a bare token for https; mode 0600 or 0400 */
  readonly credentialFile?: string;
  readonly sshKeyFile?: string;
  readonly knownHostsFile?: string;
  /** signatures are required when one of the two is set */
  readonly allowedSignersFile?: string;
  readonly gpgHome?: string;
  /** `http://`, `https://`, `socks5://` or `socks5h://host:port`, without credentials; for http and https remotes */
  readonly proxy?: string;
  /** holds `user:password` for the proxy; mode 0600 or 0400 */
  readonly proxyCredentialFile?: string;
  /** patterns of the remote's references (`refs/heads/*`), one of which has to hold a release; none: any commit, because its signature is checked */
  readonly refs: readonly string[];
  /** name or number of the group that may read releases, besides root; none: every local user */
  readonly group?: string;
  readonly timeoutMs: number;
}

/** Reading beforehand, of a new volume, what the last release has in memory of its own. */
export interface PrewarmSettings {
  readonly what: 'last' | 'off';
  readonly rateMiB: number;
  /** it ends when the stage has taken this long */
  readonly untilMs: number;
}

export interface EbsSettings {
  readonly volumeType: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly filesystem: 'ext4' | 'xfs';
  /** account ids that may own a snapshot; the instance's own account when empty */
  readonly owners: readonly string[];
  readonly maxSizeGiB: number;
  /** given to volumes beside the agent's own */
  readonly tags: Readonly<Record<string, string>>;
  /** volumes are encrypted also where their snapshot is not */
  readonly encrypted: boolean;
  /** the key for that; the account's default one when it is not there */
  readonly kmsKey?: string;
  /** how fast EC2 fills a new volume from its snapshot by itself, in MiB/s; it is paid for */
  readonly initializationRate?: number;
  readonly prewarm: PrewarmSettings;
  readonly endpoint?: string;
  readonly timeoutMs: number;
}

export interface ActivateSettings {
  readonly kind: 'systemd' | 'process';
  /** the link that the application's units use */
  readonly path: string;
  readonly script?: string;
  readonly scriptTimeoutMs: number;
  /** for `systemd`: the units of this host's role, in start order */
  readonly units: readonly string[];
  /** for `process`: program and arguments, run in the release's folder */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** for `process`: what becomes of the application when the agent is told to stop; see `endsApplication` */
  readonly onStop?: 'keep' | 'leave';
  /** bounds one whole activation */
  readonly timeoutMs: number;
}

export interface CommandSettings {
  readonly leave: readonly string[];
  readonly rejoin: readonly string[];
  readonly timeoutMs: number;
}

export interface DrainSettings {
  /** what the application speaks on its ports; `none`: there is nothing to wait for */
  readonly protocol: 'opaque' | 'http1' | 'none';
  /** the application's local TCP ports */
  readonly ports: readonly number[];
  readonly timeoutMs: number;
  /** for how long nothing may be outstanding; longer than load balancers take to notice the leave */
  readonly quietMs: number;
  /** how long a connection that is in use may rest; see `traffic.drain.rest` for what holds when it is not told */
  readonly restMs?: number;
  /** addresses and networks (CIDR) of peers whose connections do not count */
  readonly ignore: readonly string[];
  /** an http address that answers the number of requests in flight; it then decides instead of the sockets' ages */
  readonly counter?: string;
}

export interface TrafficSettings {
  readonly consul?: ConsulPlace & {readonly service: string};
  readonly commands?: CommandSettings;
  /** how long those who send requests may take to notice that the host left traffic */
  readonly settleMs: number;
  readonly drain: DrainSettings;
}

export interface GateSettings {
  readonly http?: string;
  /** `host:port` */
  readonly tcp?: string;
  readonly command?: readonly string[];
  readonly unit?: string;
  readonly intervalMs: number;
  /** consecutive passes that open the gate */
  readonly passes: number;
  /** consecutive refusals (an answer, and it is no) that close it before the deadline; not there: none do */
  readonly failAfter?: number;
  readonly probeTimeoutMs: number;
  readonly timeoutMs: number;
  readonly bakeMs: number;
}

/** Where events of the fleet are sent. The address is a secret: whoever knows it can post. */
export interface WebhookSettings {
  /** what log and metrics call it */
  readonly name: string;
  /** one of the two; the file holds the address, mode 0600 or 0400 */
  readonly url?: string;
  readonly urlFile?: string;
  /** the authorities of an https address; those that Node knows when it is not there */
  readonly caFile?: string;
  readonly format: 'json' | 'slack';
  readonly events: readonly EventKind[];
}

/** The validated configuration. Nothing past this point checks it again. */
export interface Settings {
  readonly app: string;
  readonly channel: string;
  readonly role: string;
  /** it gets a release before the others, where the policy has such a wave */
  readonly canary: boolean;
  readonly coordinate: 'fleet' | 'none';
  readonly store: StoreSettings;
  /** what IMDS would say, for hosts without it */
  readonly identity: {readonly instance?: string; readonly zone?: string; readonly region?: string};
  /** where IMDS is asked; null switches it off (then `identity.instance` is required) */
  readonly imds: string | null;
  /** journal, mirror and slots */
  readonly stateDir: string;
  /** control socket */
  readonly runDir: string;
  /** the release baked into the image, for a boot without a store */
  readonly seed?: string;
  readonly install: {
    readonly git?: GitSettings;
    readonly ebs?: EbsSettings;
    readonly timeoutMs: number;
  };
  readonly activate: ActivateSettings;
  readonly traffic: TrafficSettings;
  readonly gate: GateSettings;
  readonly webhooks: readonly WebhookSettings[];
  /** where metrics are served over TCP as well, `host:port` of a loopback address */
  readonly metrics: {readonly listen?: string};
  readonly logLevel: 'debug' | 'info' | 'warning' | 'error';
}
