import {compact} from './compact.ts';
import type {Values} from './options/options.ts';
import {storePlace, trafficPlace} from './rules/consul.ts';
import type {Whole} from './rules/rule.ts';
import {webhooksOf} from './rules/webhooks.ts';
import type {Settings, StoreSettings, TrafficSettings} from './settings.ts';

/** The role of a host that has none. */
export const DEFAULT_ROLE = 'default';

/** Gives the settings of a configuration that broke no rule. */
export const buildSettings = (whole: Whole): Settings => {
  const {values, tables, units, command} = whole;
  return {
    app: required(values.app),
    channel: required(values.channel),
    role: values.role ?? DEFAULT_ROLE,
    canary: values.canary,
    coordinate: values.coordinate,
    store: store(values),
    identity: compact({
      instance: values['identity.instance'],
      zone: values['identity.zone'],
      region: values['identity.region'],
    }),
    imds: values.imds,
    stateDir: values['state-dir'],
    runDir: values['run-dir'],
    ...compact({seed: values.seed}),
    install: install(values, tables),
    activate: activate(values, units, command),
    traffic: traffic(values, tables),
    gate: gate(values),
    webhooks: webhooksOf(whole),
    metrics: compact({listen: values['metrics.listen']}),
    logLevel: values['log-level'],
  };
};

const required = (value: string | undefined): string => {
  if (value === undefined) throw new Error('a rule lets an option be missing that settings need');
  return value;
};

const store = (values: Values): StoreSettings =>
  values.store.kind === 'directory' ? values.store : {...values.store, ...storePlace(values)};

const install = (values: Values, tables: ReadonlySet<string>): Settings['install'] => ({
  ...compact({
    git: values['install.git.url'] === undefined ? undefined : git(values, values['install.git.url']),
    ebs: tables.has('install.ebs') ? ebs(values) : undefined,
  }),
  timeoutMs: values['install.timeout'],
});

/** What holds releases where nothing is said and no signature tells. */
export const DEFAULT_REFS: readonly string[] = ['refs/heads/*', 'refs/tags/*'];

const isSigned = (values: Values): boolean =>
  (values['install.git.allowed-signers-file'] ?? values['install.git.gpg-home']) !== undefined;

const git = (values: Values, url: string) =>
  compact({
    url,
    credentialFile: values['install.git.credential-file'],
    sshKeyFile: values['install.git.ssh-key-file'],
    knownHostsFile: values['install.git.known-hosts-file'],
    allowedSignersFile: values['install.git.allowed-signers-file'],
    gpgHome: values['install.git.gpg-home'],
    proxy: values['install.git.proxy'],
    proxyCredentialFile: values['install.git.proxy-credential-file'],
    refs: values['install.git.refs'] ?? (isSigned(values) ? [] : DEFAULT_REFS),
    group: values['install.git.group'],
    timeoutMs: values['install.git.timeout'],
  });

const ebs = (values: Values) =>
  compact({
    volumeType: values['install.ebs.volume-type'],
    iops: values['install.ebs.iops'],
    throughput: values['install.ebs.throughput'],
    filesystem: values['install.ebs.filesystem'],
    owners: values['install.ebs.owners'],
    maxSizeGiB: values['install.ebs.max-size'],
    tags: values['install.ebs.tags'],
    encrypted: values['install.ebs.encrypted'],
    kmsKey: values['install.ebs.kms-key'],
    initializationRate: values['install.ebs.initialization-rate'],
    prewarm: {
      what: values['install.ebs.prewarm'],
      rateMiB: values['install.ebs.prewarm-rate'],
      // a stage must not be late for it
      untilMs: values['install.timeout'] / 2,
    },
    endpoint: values['install.ebs.endpoint'],
    timeoutMs: values['install.ebs.timeout'],
  });

const activate = (values: Values, units: readonly string[], command: readonly string[] = []) => ({
  kind: values['activate.kind'],
  path: values['activate.path'],
  ...compact({script: values['activate.script']}),
  scriptTimeoutMs: values['activate.script-timeout'],
  units,
  command,
  environment: values['activate.environment'],
  ...compact({onStop: values['activate.on-stop']}),
  timeoutMs: values['activate.timeout'],
});

const traffic = (values: Values, tables: ReadonlySet<string>): TrafficSettings => ({
  ...compact({
    consul: tables.has('traffic.consul')
      ? {service: required(values['traffic.consul.service']), ...trafficPlace(values)}
      : undefined,
    commands: tables.has('traffic.commands')
      ? {
          leave: values['traffic.commands.leave'] ?? [],
          rejoin: values['traffic.commands.rejoin'] ?? [],
          timeoutMs: values['traffic.commands.timeout'],
        }
      : undefined,
  }),
  settleMs: values['traffic.settle'],
  drain: {
    ports: values['traffic.drain.ports'] ?? [values['traffic.drain.port'] ?? []].flat(),
    timeoutMs: values['traffic.drain.timeout'],
    quietMs: values['traffic.drain.quiet'],
    protocol: values['traffic.drain.protocol'],
    ignore: values['traffic.drain.ignore'],
    ...compact({restMs: values['traffic.drain.rest'], counter: values['traffic.drain.counter']}),
  },
});

const gate = (values: Values): Settings['gate'] => ({
  ...compact({
    http: values['gate.http'],
    tcp: values['gate.tcp'],
    command: values['gate.command'],
    unit: values['gate.unit'],
    failAfter: values['gate.fail-after'],
  }),
  intervalMs: values['gate.interval'],
  passes: values['gate.passes'],
  probeTimeoutMs: values['gate.probe-timeout'],
  timeoutMs: values['gate.timeout'],
  bakeMs: values['gate.bake'],
});
