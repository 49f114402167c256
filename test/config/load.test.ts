import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import t, {type Test} from 'tap';
import {readFragments} from '../../agent/config/fragments/fragments.ts';
import type {Tags} from '../../agent/config/fragments/tags.ts';
import {imdsAddress, loadSettings, readSettings} from '../../agent/config/load.ts';
import {problemText} from '../../agent/config/options/problem.ts';
import {ReasonError} from '../../agent/core/reason-error.ts';
import {temporaryFolder} from '../support/temporary.ts';

const ETC = 'etc/release-agent/config.toml';

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

const SMALL = `
app = "web"
channel = "dev"
[install.git]
url = "file:///srv/app.git"
[activate]
units = ["web.service"]
[gate]
tcp = "127.0.0.1:8080"
`;

const root = async (test: Test, files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = await temporaryFolder(test);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), {recursive: true});
    await writeFile(join(folder, path), text);
  }
  return folder;
};

const problemsOf = async (test: Test, files: Readonly<Record<string, string>>, tags: Tags = {}) => {
  const folder = await root(test, files);
  const reading = readSettings({fragments: await readFragments(folder), tags});
  return reading.ok ? [] : reading.problems.map(problem => problemText(problem).replaceAll(folder, ''));
};

t.test('the example of the design gives settings with the documented defaults', async t => {
  const settings = await loadSettings({root: await root(t, {[ETC]: DESIGN})});
  t.same(settings, {
    app: 'web',
    channel: 'production',
    role: 'default',
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

for (const [what, text, expected] of [
  ['S3', 'store = "s3://bucket/x"', /store .*this version cannot keep its store in S3/],
  ['two slashes', 'store = "file://var/x"', /a directory has three slashes/],
  ['a host that is none', 'store = "consuls://a127.0.0.1:8500/x"', /neither a name nor an address/],
  ['no prefix', 'store = "consul://127.0.0.1:8500"', /the address ends with a prefix/],
  ['a token in the address', 'store = "consul://:tok@127.0.0.1/x"', /consul.token-file/],
  ['TLS files without TLS', 'store = "consul://a/x"\n[consul]\nca-file = "/a"', /consul.ca-file .*consuls:/],
  [
    'half a client certificate',
    'store = "consuls://a/x"\n[consul]\ncert-file = "/a"',
    /consul.key-file: expected a file/,
  ],
  [
    'half a client certificate for traffic',
    '[traffic.consul]\nservice = "web"\nurl = "https://127.0.0.1:8501"\nkey-file = "/a"\n[traffic.drain]\nport = 80',
    /traffic.consul.cert-file: expected a file, because traffic.consul.key-file is set/,
  ],
  [
    'TLS files for traffic without TLS',
    '[traffic.consul]\nservice = "web"\nca-file = "/a"\n[traffic.drain]\nport = 80',
    /traffic.consul.ca-file .*expected a traffic.consul.url of the form https:/,
  ],
  [
    'a path behind the address of the local agent',
    '[traffic.consul]\nservice = "web"\nurl = "http://127.0.0.1:8500/v1"\n[traffic.drain]\nport = 80',
    /traffic.consul.url .*"unix:\/\/\/path".*no path/,
  ],
  ['a socket that is relative', 'store = "consul:///x?socket=run/http.sock"', /consul:\/\/\/prefix\?socket=/],
  ['a socket without a prefix', 'store = "consul:///?socket=/run/http.sock"', /ends with a prefix/],
  ['a host and a socket', 'store = "consul://a/x?socket=/run/http.sock"', /store .*expected "consul:/],
  ['a branch as seed', 'seed = "main"', /seed .*full git revision/],
  ['camel case', 'logLevel = "info"', /did you mean log-level\?/],
  ['a name without its table', 'probe-timeout = "1s"', /did you mean gate.probe-timeout\?/],
  ['a quoted path', '"gate.timeout" = "1s"', /gate.timeout .*unknown/],
  ['a value for a table', 'traffic = 1', /expected a table \[traffic\], got 1/],
  ['no IMDS and no name', 'imds = "off"', /identity.instance: expected the name of this host/],
  ['roles without a role', '[roles.db]\nunits = ["db.service"]', /role: expected one of db/],
  [
    'an unknown name in a role',
    'role = "db"\n[roles.db]\nunit = "x"',
    /roles.db.unit .*one of units, command/,
  ],
  ['port and ports', '[traffic.drain]\nport = 1\nports = [2]', /either port or ports, got both/],
  [
    'a host that leaves traffic and looks at nothing',
    '[traffic.consul]\nservice = "web"',
    /traffic.drain.port: expected the application's port, or traffic.drain.counter.*got nothing.*"none"/,
  ],
  [
    'commands that leave traffic, and nothing to look at',
    '[traffic.commands]\nleave = ["x"]\nrejoin = ["y"]\n[traffic.drain]\ntimeout = "5s"',
    /traffic.drain.port: expected the application's port/,
  ],
  [
    'nothing to wait for on a port',
    '[traffic.drain]\nport = 80\nprotocol = "none"',
    /traffic.drain.protocol: expected "opaque" or "http1", because .*got "none"|traffic.drain.protocol in .*expected "opaque"/,
  ],
  [
    'HTTP in clear on a port that is asked by https',
    '[traffic.drain]\nport = 8443\nprotocol = "http1"\n[gate]\nhttp = "https://127.0.0.1:8443/healthz"',
    /traffic.drain.protocol in .*expected "opaque", because the port is asked by https/,
  ],
  [
    'HTTP in clear on the port of https',
    '[traffic.drain]\nport = 443\nprotocol = "http1"\ncounter = "https://localhost/in-flight"',
    /traffic.drain.protocol in .*expected "opaque"/,
  ],
  [
    'a network that is none',
    '[traffic.drain]\nport = 80\nignore = ["10.0.0.0/8", "10.0.0.0/33"]',
    /traffic.drain.ignore .*item 2 is an address or a network, got "10.0.0.0\/33"/,
  ],
  [
    'a name for a network',
    '[traffic.drain]\nport = 80\nignore = ["balancer"]',
    /item 1 is an address or a network/,
  ],
  [
    'half of the commands',
    '[traffic.drain]\nport = 80\n[traffic.commands]\nleave = ["x"]',
    /traffic.commands.rejoin: expected/,
  ],
  [
    'a stop of units',
    '[activate]\non-stop = "leave"',
    /activate.on-stop .*expected nothing, because activate.kind is "systemd"/,
  ],
  ['a process with units', '[activate]\nkind = "process"\ncommand = ["x"]', /no units, because/],
  [
    'a gate that cannot open',
    '[gate]\npasses = 100',
    /gate.timeout: expected enough time for gate.passes.*got the default "60s"/,
  ],
  [
    'a gate that would end before it is refused so often',
    '[gate]\nfail-after = 100',
    /gate.timeout: expected enough time for gate.fail-after/,
  ],
  ['a key for https', '[install.git]\nurl = "https://a/b"\nssh-key-file = "/x"', /begins with ssh:\/\//],
  ['a branch without its place', '[install.git]\nrefs = ["main"]', /item 1 begins with "refs\/"/],
  ['the scp form', '[install.git]\nurl = "git@host:app.git"', /write "ssh:\/\/git@host\/app.git"/],
  ['a size without unit', '[install.ebs]\nmax-size = 100', /write "100GiB"/],
] as const) {
  t.test(`refused: ${what}`, async t => {
    const problems = await problemsOf(t, {[ETC]: SMALL, 'etc/release-agent/config.d/a.toml': text});
    t.equal(problems.length, 1, problems.join('\n'));
    t.match(problems[0], expected);
  });
}

t.test('instance tags win over the files, an empty one sets nothing', async t => {
  const files = {[ETC]: `${SMALL}command = ["x"]\n[roles.db]\nunits = ["db.service"]`};
  const tags = {'release-agent:app': 'shop', 'release-agent:channel': ' ', 'release-agent:role': 'db'};
  const asked: string[] = [];
  const settings = await loadSettings({
    root: await root(t, files),
    tags: async imds => {
      asked.push(imds);
      return tags;
    },
  });
  t.match(settings, {app: 'shop', channel: 'dev', role: 'db', activate: {units: ['db.service']}});
  t.same(asked, ['http://169.254.169.254']);
  t.match(await problemsOf(t, files, {'release-agent:app': 'a/b'}), [
    /^app in the instance tag release-agent:app: expected a name/,
    /^role: /,
  ]);
});

t.test('tags that the instance does not show are told from tags that it has not', async t => {
  const files = {[ETC]: SMALL.replace(/^app = .*\n/m, '')};
  t.match(await problemsOf(t, files, {}), [/^app: .*release-agent:app, got neither$/]);
  t.match(await problemsOf(t, files, null), [
    /^app: .*release-agent:app, got neither: the instance shows no tags to its metadata service \(.*InstanceMetadataTags/,
  ]);
  const roles = {[ETC]: `${SMALL}command = ["x"]\n[roles.db]\nunits = ["db.service"]`};
  t.match(await problemsOf(t, roles, null), [/^role: .*shows no tags/]);
  t.same(await problemsOf(t, {[ETC]: SMALL}, null), [], 'who is told by the files needs no tags');
});

t.test('a tag that is required is not made up for by the files', async t => {
  const files = {[ETC]: `required-tags = ["app", "channel"]\n${SMALL}`};
  const tags = {'release-agent:app': 'web', 'release-agent:channel': 'dev'};
  t.same(await problemsOf(t, files, tags), []);
  t.match(await problemsOf(t, files, {...tags, 'release-agent:channel': ''}), [
    /^required-tags in .*: expected the instance tags release-agent:app, release-agent:channel, got no release-agent:channel$/,
  ]);
  t.match(await problemsOf(t, files, null), [
    /^required-tags .* got the instance shows no tags to its metadata service \(.*InstanceMetadataTags/,
  ]);
  const off = {[ETC]: `imds = "off"\n${files[ETC]}[identity]\ninstance = "one"`};
  t.match(await problemsOf(t, off, null), [/^required-tags .*: expected nothing: with imds = "off"/]);
  t.match(await problemsOf(t, {[ETC]: `required-tags = ["zone"]\n${SMALL}`}), [/^required-tags .*"zone"/]);
});

t.test('imds = "off" is a value of its own and no tags are asked for', async t => {
  const folder = await root(t, {[ETC]: `imds = "off"\n${SMALL}[identity]\ninstance = "one"`});
  t.equal(imdsAddress(await readFragments(folder)), null);
  const tags = () => Promise.reject(new Error('asked'));
  t.match(await loadSettings({root: folder, tags}), {imds: null, identity: {instance: 'one'}});
});

t.test('a host that leaves traffic needs nothing to look at when it says so, or has a counter', async t => {
  const leaves = `${SMALL}[traffic.consul]\nservice = "web"\n[traffic.drain]\n`;
  const none = await loadSettings({root: await root(t, {[ETC]: `${leaves}protocol = "none"`})});
  t.match(none.traffic.drain, {protocol: 'none', ports: []});
  const counter =
    'counter = "http://127.0.0.1:8080/in-flight"\nrest = "9s"\nignore = ["fd00::/8", "10.0.0.3"]';
  const counted = await loadSettings({root: await root(t, {[ETC]: `${leaves}${counter}`})});
  t.match(counted.traffic.drain, {protocol: 'opaque', restMs: 9_000, ignore: ['fd00::/8', '10.0.0.3']});
});

const TRAFFIC = '[traffic.consul]\nservice = "web"\n';
const FILES = 'ca-file = "/ca"\ncert-file = "/cert"\nkey-file = "/key"\n';
const DRAINED = '[traffic.drain]\nport = 80\n';

// The store's line stands before the tables.
const withStore = (text: string): string => {
  const [, store = '', rest = ''] = /^(store = [^\n]*\n)?(.*)$/s.exec(text) ?? [];
  return `${store}${SMALL}${rest}\n${DRAINED}`;
};

for (const [what, text, expected] of [
  ['without a store in Consul', TRAFFIC, {url: 'http://127.0.0.1:8500'}],
  [
    'with a store on this host, it is that',
    `store = "consuls://localhost:8501/x"\n[consul]\ntoken-file = "/token"\n${FILES}${TRAFFIC}`,
    {
      url: 'https://localhost:8501',
      tokenFile: '/token',
      caFile: '/ca',
      certFile: '/cert',
      keyFile: '/key',
    },
  ],
  [
    'with a store on a socket, it is that',
    `store = "consul:///x?socket=/run/consul.sock"\n${TRAFFIC}`,
    {url: 'unix:///run/consul.sock'},
  ],
  [
    'with a store elsewhere, only its files',
    `store = "consuls://consul.example/x"\n[consul]\ntoken-file = "/token"\n${FILES}${TRAFFIC}`,
    {url: 'http://127.0.0.1:8500', tokenFile: '/token'},
  ],
  [
    'told',
    `store = "consul://127.0.0.1/x"\n[consul]\ntoken-file = "/token"\n${TRAFFIC}url = "https://127.0.0.1:8501"\ntoken-file = "/mine"\n${FILES}`,
    {
      url: 'https://127.0.0.1:8501',
      tokenFile: '/mine',
      caFile: '/ca',
      certFile: '/cert',
      keyFile: '/key',
    },
  ],
  [
    'told without a store in Consul, with the files of [consul]',
    `[consul]\n${FILES}${TRAFFIC}url = "https://127.0.0.1:8501"`,
    {url: 'https://127.0.0.1:8501', caFile: '/ca', certFile: '/cert', keyFile: '/key'},
  ],
] as const)
  t.test(`the agent of Consul that traffic asks, ${what}`, async t => {
    const folder = await root(t, {[ETC]: withStore(text)});
    const reading = readSettings({fragments: await readFragments(folder), tags: {}});
    t.ok(reading.ok);
    if (reading.ok) t.strictSame(reading.settings.traffic.consul, {service: 'web', ...expected});
  });
