import t from 'tap';
import {ETC, problemsOf, SMALL} from './support.ts';

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
