/** A host all of whose secrets are known to the test: a token of Consul, a credential of git, and the agent's own environment. */
import {readFile} from 'node:fs/promises';
import {createServer} from 'node:https';
import {join} from 'node:path';
import type {Test} from 'tap';
import {put} from '../lab/image/base.ts';
import type {Machine} from '../lab/instance/instance.ts';
import {serveIn} from '../lab/network/listen.ts';
import {must} from '../lab/run.ts';
import {type GitServer, startGitServer} from '../lab/services/git-server.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {startBareMachine} from './machine.ts';
import {recordChildren} from './recorder.ts';

export const SECRETS = {
  consul: '5ec4e7c0-1111-4222-8333-c0ffee00c0de',
  git: 'planted-git-password',
  app: 'planted-app-secret',
  aws: 'planted-aws-key',
  session: 'planted-aws-session',
  http: 'planted-consul-environment',
  other: 'planted-database-password',
} as const;

/** What a careless operator could have given to the agent's unit. */
const ENVIRONMENT = {
  CONSUL_HTTP_TOKEN: SECRETS.http,
  AWS_ACCESS_KEY_ID: SECRETS.aws,
  AWS_SECRET_ACCESS_KEY: SECRETS.aws,
  AWS_SESSION_TOKEN: SECRETS.session,
  DATABASE_URL: `postgres://web:${SECRETS.other}@db/web`,
};

export interface SecretHost {
  readonly machine: Machine;
  readonly git: GitServer;
  /** what git's server takes; a credential that it refuses is planted by changing it */
  readonly door: {password: string};
  /** One request to the machine's Consul, with the token. */
  consul(method: string, path: string, body?: string): Promise<string>;
}

/** Makes the host, not yet booted. */
export const startSecretHost = async (
  t: Test,
  {name, deb}: {name: string; deb: string},
): Promise<SecretHost> => {
  const machine = await startBareMachine(t, name);
  await machine.install(deb);
  const dir = await temporaryFolder(t);
  const git = await startGitServer({dir});
  t.teardown(() => git.stop());
  const door = {password: SECRETS.git};
  await serveTls(t, {namespace: name, dir, git, door, root: machine.root});
  for (const [path, text, mode] of files()) await put(machine.root, path, text, mode);
  await recordChildren(machine.root);
  return {
    machine,
    git,
    door,
    consul: async (method, path, body) => {
      const config = [
        `url = "http://127.0.0.1:8500/v1/${path}"`,
        `request = "${method}"`,
        `header = "X-Consul-Token: ${SECRETS.consul}"`,
        ...(body === undefined ? [] : [`data = ${JSON.stringify(body)}`]),
      ];
      const {code, stdout} = await machine.exec(['curl', '-sf', '--config', '-'], {input: config.join('\n')});
      if (code !== 0) throw new Error(`Consul, ${method} ${path}: ${code}`);
      return stdout;
    },
  };
};

interface Tls {
  readonly namespace: string;
  readonly dir: string;
  readonly git: GitServer;
  readonly door: {readonly password: string};
  readonly root: string;
}

/** Serves the repository at https://127.0.0.1:8443 inside the machine, for one user, and lets the machine trust it. */
const serveTls = async (t: Test, {namespace, dir, git, door, root}: Tls): Promise<void> => {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  await must([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ]);
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  await put(root, bundle, (await readFile(join(root, bundle), 'utf8')) + (await readFile(cert, 'utf8')));
  const tls = createServer({key: await readFile(key), cert: await readFile(cert)}, (message, response) => {
    const wanted = `Basic ${Buffer.from(`deploy:${door.password}`).toString('base64')}`;
    if (message.headers.authorization === wanted) git.listener(message, response);
    else response.writeHead(401, {'www-authenticate': 'Basic realm="git"'}).end();
  });
  const plain = await serveIn({namespace, host: '127.0.0.1', port: 8443}, () => undefined);
  plain.removeAllListeners('connection').on('connection', socket => tls.emit('connection', socket));
  t.teardown(() => plain.close().closeAllConnections());
};

const files = (): readonly (readonly [string, string, number?])[] => [
  ['/etc/release-agent/consul.token', `${SECRETS.consul}\n`, 0o600],
  ['/etc/release-agent/git.credential', `deploy:${SECRETS.git}\n`, 0o600],
  ['/etc/release-agent/config.d/50-test.toml', CONFIG, 0o600],
  ['/etc/consul.d/server.json', JSON.stringify(CONSUL), 0o600],
  [
    '/etc/systemd/system/release-agentd.service.d/careless.conf',
    `[Service]\n${Object.entries(ENVIRONMENT)
      .map(([name, value]) => `Environment=${name}=${value}\n`)
      .join('')}`,
  ],
];

const CONSUL = {
  server: true,
  bootstrap_expect: 1,
  data_dir: '/var/lib/consul',
  bind_addr: '127.0.0.1',
  disable_update_check: true,
  acl: {enabled: true, default_policy: 'deny', tokens: {master: SECRETS.consul, agent: SECRETS.consul}},
  service: {name: 'web', port: 8080, token: SECRETS.consul},
};

const CONFIG = `app = "web"
channel = "production"
store = "consul://127.0.0.1:8500/release-agent"
imds = "off"
log-level = "debug"

[consul]
token-file = "/etc/release-agent/consul.token"

[identity]
instance = "i-1"

[install.git]
url = "https://127.0.0.1:8443/app.git"
credential-file = "/etc/release-agent/git.credential"

[activate]
units = ["web.service"]
script = "deploy/start"
environment = { APP_SECRET = "${SECRETS.app}" }

[traffic]
consul = { service = "web" }
drain = { port = 8080, protocol = "http1", timeout = "2s", quiet = "200ms" }

[gate]
http = "http://127.0.0.1:8080/healthz"
interval = "100ms"
timeout = "4s"
bake = "0s"
`;
