import {mkdir, symlink} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {loadSettings} from '../../agent/config/load.ts';
import {ReasonError} from '../../agent/core/reason-error.ts';
import {ETC, problemsOf, root, SMALL} from './support.ts';

/** The example of the design document. */
const DESIGN = `
app = "web"
channel = "production"
store = "consul://127.0.0.1:8500/release-agent"
[install]
git = { url = "https://git.example/app.git" }
ebs = { volume-type = "gp3", filesystem = "ext4" }
[activate]
path = "/release"
script = "deploy/start"
units = ["web.service"]
[traffic]
consul = { service = "web" }
drain = { port = 8080, timeout = "30s" }
[gate]
http = "http://127.0.0.1:8080/healthz"
timeout = "60s"
bake = "30s"
`;

t.test('the example of the design gives settings with the documented defaults', async t => {
  const settings = await loadSettings({root: await root(t, {[ETC]: DESIGN})});
  t.same(settings, {
    app: 'web',
    channel: 'production',
    role: 'default',
    canary: false,
    webhooks: [],
    metrics: {},
    coordinate: 'fleet',
    store: {kind: 'consul', url: 'http://127.0.0.1:8500', prefix: 'release-agent'},
    identity: {},
    imds: 'http://169.254.169.254',
    stateDir: '/var/lib/release-agent',
    runDir: '/run/release-agent',
    install: {
      git: {
        url: 'https://git.example/app.git',
        refs: ['refs/heads/*', 'refs/tags/*'],
        timeoutMs: 300_000,
      },
      ebs: {
        volumeType: 'gp3',
        filesystem: 'ext4',
        owners: [],
        maxSizeGiB: 100,
        tags: {},
        encrypted: false,
        prewarm: {what: 'last', rateMiB: 50, untilMs: 450_000},
        timeoutMs: 300_000,
      },
      timeoutMs: 900_000,
    },
    activate: {
      kind: 'systemd',
      path: '/release',
      script: 'deploy/start',
      scriptTimeoutMs: 120_000,
      units: ['web.service'],
      command: [],
      environment: {},
      timeoutMs: 300_000,
    },
    traffic: {
      consul: {service: 'web', url: 'http://127.0.0.1:8500'},
      settleMs: 0,
      drain: {ports: [8080], timeoutMs: 30_000, quietMs: 2_000, protocol: 'opaque', ignore: []},
    },
    gate: {
      http: 'http://127.0.0.1:8080/healthz',
      intervalMs: 1_000,
      passes: 3,
      probeTimeoutMs: 2_000,
      timeoutMs: 60_000,
      bakeMs: 30_000,
    },
    logLevel: 'info',
  });
});

t.test('drop-ins are read in the order of their names, and /etc hides /run hides /usr/lib', async t => {
  const folder = await root(t, {
    [ETC]: SMALL,
    'usr/lib/release-agent/config.d/10-a.toml': 'log-level = "error"\n[gate]\npasses = 10\nbake = "1s"',
    'usr/lib/release-agent/config.d/50-b.toml': '[gate]\npasses = 50',
    'run/release-agent/config.d/50-b.toml': '[gate]\npasses = 51',
    'etc/release-agent/config.d/50-b.toml': '[gate]\npasses = 12',
    'run/release-agent/config.d/20-c.toml': '[gate]\npasses = 20\ninterval = "2s"',
    'etc/release-agent/config.d/99-not.toml.dpkg-old': 'this is not even TOML',
  });
  const {gate, logLevel} = await loadSettings({root: folder});
  t.match(
    {...gate, logLevel},
    {passes: 12, intervalMs: 2_000, bakeMs: 1_000, tcp: '127.0.0.1:8080', logLevel: 'error'},
  );
});

t.test('signed releases may be in any reference, unless some are named', async t => {
  const refsOf = async (text: string) =>
    (await loadSettings({root: await root(t, {[ETC]: text})})).install.git?.refs;
  const having = (line: string) => SMALL.replace('[install.git]\n', `[install.git]\n${line}\n`);
  t.same(await refsOf(having('allowed-signers-file = "/x"')), []);
  t.same(await refsOf(having('gpg-home = "/x"')), []);
  t.same(await refsOf(having('gpg-home = "/x"\nrefs = ["refs/tags/*"]')), ['refs/tags/*']);
  t.same(await refsOf(having('refs = ["refs/heads/main"]')), ['refs/heads/main']);
});

t.test('a group is named, or told by its number with or without quotes', async t => {
  const groupOf = async (value: string) => {
    const text = SMALL.replace('[install.git]\n', `[install.git]\ngroup = ${value}\n`);
    return (await loadSettings({root: await root(t, {[ETC]: text})})).install.git?.group;
  };
  t.equal(await groupOf('"web"'), 'web');
  t.equal(await groupOf('"EXAMPLE-web.users@corp"'), 'EXAMPLE-web.users@corp');
  for (const value of ['990', '"990"']) t.equal(await groupOf(value), '990');
  for (const value of ['-1', '1.5', '4294967295', '"domain users"', '["web"]', 'true'])
    await t.rejects(groupOf(value), /install.git.group/);
});

t.test('a link to /dev/null in /etc masks a drop-in', async t => {
  const folder = await root(t, {[ETC]: SMALL, 'usr/lib/release-agent/config.d/a.toml': 'nonsense = 1'});
  await mkdir(join(folder, 'etc/release-agent/config.d'));
  await symlink('/dev/null', join(folder, 'etc/release-agent/config.d/a.toml'));
  t.match(await loadSettings({root: folder}), {app: 'web'});
});

t.test('everything that is wrong is said at once, with name, file, expectation and value', async t => {
  const problems = await problemsOf(t, {
    [ETC]: `${SMALL}
timeout = 30
bake = "30 sec"
passes = "3"
http = "localhost/healthz"
[traffic.drain]
port = 99999
`,
    'etc/release-agent/config.d/a.toml':
      'log-level = "verbose"\n[gate]\ntimout = "5s"\n[activate]\nunits = "web"',
  });
  t.matchOnlyStrict(problems.sort(), [
    'activate.units in /etc/release-agent/config.d/a.toml: expected a list of systemd units, such as ["web.service"], got "web"',
    'gate.bake in /etc/release-agent/config.toml: expected a duration with its unit, from 0s to 24h, such as "30s", got "30 sec" (write "30s")',
    'gate.http in /etc/release-agent/config.toml: expected an http:// or https:// address without user or password, got "localhost/healthz"',
    'gate.passes in /etc/release-agent/config.toml: expected a whole number from 1 to 100, got "3" (write 3 without quotes)',
    'gate.timeout in /etc/release-agent/config.toml: expected a duration with its unit, from 1s to 2h, such as "30s", got 30 (write "30s" for seconds or "30m" for minutes)',
    'gate.timout in /etc/release-agent/config.d/a.toml: expected a known name, got an unknown one (did you mean gate.timeout?)',
    'log-level in /etc/release-agent/config.d/a.toml: expected "debug" or "info" or "warning" or "error", got "verbose"',
    'traffic.drain.port in /etc/release-agent/config.toml: expected a whole number from 1 to 65535, got 99999',
  ]);
});

t.test('loadSettings throws config.invalid', async t => {
  const folder = await root(t, {[ETC]: 'app = "web"'});
  const error = await loadSettings({root: folder}).catch((thrown: unknown) => thrown);
  t.ok(error instanceof ReasonError && error.reason.kind === 'config.invalid');
  t.match(
    String(error),
    /channel: expected a name, or the instance tag release-agent:channel, got neither; /,
  );
});

t.test('a file that is not TOML is named with its line', async t => {
  t.same(await problemsOf(t, {[ETC]: `${SMALL}\nhttp = localhost\n`}), [
    'line 11, column 8 in /etc/release-agent/config.toml: expected TOML, got invalid value',
  ]);
});

t.test('passwords in addresses and values under unknown names are never shown', async t => {
  const problems = await problemsOf(t, {
    [ETC]: SMALL.replace('file:///srv/app.git', 'https://me:hunter2@git.example/app.git'),
    'etc/release-agent/config.d/a.toml': '[consul]\ntoken = "hunter2"\n',
  });
  t.equal(problems.length, 2);
  t.notMatch(problems.join(), /hunter2/);
  t.match(problems.join(), /did you mean consul.token-file|install.git.credential-file/);
});
