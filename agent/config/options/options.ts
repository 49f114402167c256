import {EVENT_KINDS} from '../../core/fleet/telling/event.ts';
import {parseRelease, RELEASE_EXPECTED} from '../../core/release.ts';
import {duration} from './duration.ts';
import {userGroup} from './group.ts';
import {bad, flag, good, integer, type Kind, list, oneOf, pattern, textTable, unshown} from './kind.ts';
import {
  absolutePath,
  consulAddress,
  gitRemote,
  hostAndPort,
  innerPath,
  loopback,
  network,
  proxyAddress,
  refPattern,
  unitName,
  webAddress,
  webhookAddress,
} from './places.ts';
import {storeAddress} from './store.ts';
import {kmsKey, volumeTags} from './volume.ts';

/** One option: its kind, and its default in TOML form (undefined: it has none). */
export interface Option<T> {
  readonly kind: Kind<Exclude<T, undefined>>;
  readonly fallback: unknown;
}

const withDefault = <T>(kind: Kind<T>, fallback: unknown): Option<T> => ({kind, fallback}) as Option<T>;
const optional = <T>(kind: Kind<T>): Option<T | undefined> =>
  ({kind, fallback: undefined}) as Option<T | undefined>;

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;
/** App, channel, role and instance are parts of the store's keys. */
export const name: Kind<string> = pattern(
  'a name of letters, digits, ".", "_" and "-" (at most 64, no "." at its beginning)',
  NAME,
);

const command = list(pattern('is text', /^[^\0]+$/), {
  min: 1,
  what: 'a program and its arguments, such as ["/usr/bin/true"]',
});
const units = list(unitName, {min: 0, what: 'a list of systemd units, such as ["web.service"]'});
const port = integer({min: 1, max: 65_535});

const release: Kind<string> = {
  expected: RELEASE_EXPECTED,
  read: value => (typeof value === 'string' && parseRelease(value) ? good(value) : bad),
};

const imds: Kind<string | null> = {
  expected: 'an http:// address or "off"',
  read: value => (value === 'off' ? good(null) : webAddress.read(value)),
};

const tagged = list(oneOf(['app', 'channel', 'role']), {
  min: 0,
  what: 'a list of "app", "channel" and "role"',
});

const sizeGiB: Kind<number> = {
  expected: 'a size from "1GiB" to "65536GiB" (or "TiB")',
  read: value => {
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    const match = /^(\d{1,5})(GiB|TiB)$/.exec(text);
    const size = Number(match?.[1]) * (match?.[2] === 'TiB' ? 1024 : 1);
    if (size >= 1 && size <= 65_536) return good(size);
    return /^\d+(?: ?GB?)?$/i.test(text) ? {ok: false, hint: `write "${Number.parseInt(text, 10)}GiB"`} : bad;
  },
};

/** Every option there is. packaging/root/etc/release-agent/config.toml says what each is for; a test compares the two. */
export const OPTIONS = {
  app: optional(name),
  channel: optional(name),
  role: optional(name),
  canary: withDefault(flag, false),
  store: withDefault(storeAddress, 'file:///var/lib/release-agent/store'),
  coordinate: withDefault(oneOf(['fleet', 'none']), 'fleet'),
  seed: optional(release),
  imds: withDefault(imds, 'http://169.254.169.254'),
  'required-tags': withDefault(tagged, []),
  'state-dir': withDefault(absolutePath, '/var/lib/release-agent'),
  'run-dir': withDefault(absolutePath, '/run/release-agent'),
  'log-level': withDefault(oneOf(['debug', 'info', 'warning', 'error']), 'info'),

  'metrics.listen': optional(loopback),

  'identity.instance': optional(name),
  'identity.zone': optional(name),
  'identity.region': optional(name),

  'consul.token-file': optional(absolutePath),
  'consul.ca-file': optional(absolutePath),
  'consul.cert-file': optional(absolutePath),
  'consul.key-file': optional(absolutePath),

  'install.timeout': withDefault(duration({min: '10s', max: '6h'}), '15m'),
  'install.git.url': optional(gitRemote),
  'install.git.credential-file': optional(absolutePath),
  'install.git.ssh-key-file': optional(absolutePath),
  'install.git.known-hosts-file': optional(absolutePath),
  'install.git.allowed-signers-file': optional(absolutePath),
  'install.git.gpg-home': optional(absolutePath),
  'install.git.proxy': optional(proxyAddress),
  'install.git.proxy-credential-file': optional(absolutePath),
  'install.git.refs': optional(
    list(refPattern, {min: 1, what: 'a list of references, such as ["refs/heads/main", "refs/tags/*"]'}),
  ),
  'install.git.group': optional(userGroup),
  'install.git.timeout': withDefault(duration({min: '5s', max: '2h'}), '5m'),
  'install.ebs.volume-type': withDefault(
    oneOf(['gp3', 'gp2', 'io1', 'io2', 'st1', 'sc1', 'standard']),
    'gp3',
  ),
  'install.ebs.iops': optional(integer({min: 100, max: 256_000})),
  'install.ebs.throughput': optional(integer({min: 125, max: 2000})),
  'install.ebs.filesystem': withDefault(oneOf(['ext4', 'xfs']), 'ext4'),
  'install.ebs.owners': withDefault(
    list(pattern('is 12 digits in quotes', /^\d{12}$/), {min: 0, what: 'a list of AWS account ids'}),
    [],
  ),
  'install.ebs.max-size': withDefault(sizeGiB, '100GiB'),
  'install.ebs.tags': withDefault(volumeTags, {}),
  'install.ebs.encrypted': withDefault(flag, false),
  'install.ebs.kms-key': optional(kmsKey),
  'install.ebs.initialization-rate': optional(integer({min: 100, max: 300})),
  'install.ebs.prewarm': withDefault(oneOf(['last', 'off']), 'last'),
  'install.ebs.prewarm-rate': withDefault(integer({min: 1, max: 2000}), 50),
  'install.ebs.endpoint': optional(webAddress),
  'install.ebs.timeout': withDefault(duration({min: '10s', max: '2h'}), '5m'),

  'activate.kind': withDefault(oneOf(['systemd', 'process']), 'systemd'),
  'activate.path': withDefault(absolutePath, '/release'),
  'activate.script': optional(innerPath),
  'activate.script-timeout': withDefault(duration({min: '1s', max: '1h'}), '2m'),
  'activate.units': withDefault(units, []),
  'activate.command': optional(command),
  'activate.environment': withDefault(
    textTable({
      what: 'a table of environment variables, such as {LANG = "C"}',
      key: /^[A-Za-z_][A-Za-z0-9_]*$/,
    }),
    {},
  ),
  'activate.on-stop': optional(oneOf(['keep', 'leave'])),
  'activate.timeout': withDefault(duration({min: '1s', max: '2h'}), '5m'),

  'traffic.consul.service': optional(name),
  'traffic.consul.url': optional(consulAddress),
  'traffic.consul.token-file': optional(absolutePath),
  'traffic.consul.ca-file': optional(absolutePath),
  'traffic.consul.cert-file': optional(absolutePath),
  'traffic.consul.key-file': optional(absolutePath),
  'traffic.commands.leave': optional(command),
  'traffic.commands.rejoin': optional(command),
  'traffic.commands.timeout': withDefault(duration({min: '1s', max: '1h'}), '30s'),
  'traffic.settle': withDefault(duration({min: '0s', max: '1h'}), '0s'),
  'traffic.drain.port': optional(port),
  'traffic.drain.ports': optional(list(port, {min: 1, what: 'a list of ports, such as [8080, 8443]'})),
  'traffic.drain.timeout': withDefault(duration({min: '0s', max: '6h'}), '30s'),
  'traffic.drain.quiet': withDefault(duration({min: '100ms', max: '1h'}), '2s'),
  'traffic.drain.protocol': withDefault(oneOf(['opaque', 'http1', 'none']), 'opaque'),
  'traffic.drain.rest': optional(duration({min: '100ms', max: '6h'})),
  'traffic.drain.ignore': withDefault(
    list(network, {min: 0, what: 'a list of addresses or networks, such as ["10.0.3.7", "10.0.4.0/24"]'}),
    [],
  ),
  'traffic.drain.counter': optional(webAddress),

  'gate.http': optional(webAddress),
  'gate.tcp': optional(hostAndPort),
  'gate.command': optional(command),
  'gate.unit': optional(unitName),
  'gate.interval': withDefault(duration({min: '50ms', max: '10m'}), '1s'),
  'gate.passes': withDefault(integer({min: 1, max: 100}), 3),
  'gate.fail-after': optional(integer({min: 1, max: 10_000})),
  'gate.probe-timeout': withDefault(duration({min: '50ms', max: '10m'}), '2s'),
  'gate.timeout': withDefault(duration({min: '1s', max: '2h'}), '60s'),
  'gate.bake': withDefault(duration({min: '0s', max: '24h'}), '30s'),
} as const;

/** What `[roles.<name>]` may override. */
export const ROLE_OPTIONS = {units, command} as const;

/** What `[webhooks.<name>]` has. */
export const WEBHOOK_OPTIONS = {
  url: unshown(webhookAddress),
  'url-file': unshown(absolutePath),
  'ca-file': absolutePath,
  format: oneOf(['json', 'slack']),
  events: list(oneOf(EVENT_KINDS), {
    min: 1,
    what: 'a list of events, such as ["rollout-halted", "host-lost"]',
  }),
} as const;

export type OptionName = keyof typeof OPTIONS;
type ValueOf<O> = O extends Option<infer T> ? T : never;
/** The values of all options, checked one by one. */
export type Values = {readonly [N in OptionName]: ValueOf<(typeof OPTIONS)[N]>};
