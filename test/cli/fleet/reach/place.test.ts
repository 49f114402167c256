import {mkdir, stat, writeFile} from 'node:fs/promises';
import {createServer as createHttpServer} from 'node:http';
import {createServer} from 'node:net';
import {join} from 'node:path';
import t, {type Test} from 'tap';
import {findPlace} from '../../../../agent/cli/fleet/reach/place.ts';
import {temporaryFolder} from '../../../support/temporary.ts';
import {line, runIn} from '../store.ts';

const configured = async (t: Test, toml: string): Promise<string> => {
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'etc/release-agent'), {recursive: true});
  await writeFile(join(root, 'etc/release-agent/config.toml'), toml);
  return root;
};
const HOST = `
imds = "off"
app = "web"
channel = "production"
store = "consul://10.0.0.1:8500/agents"
[consul]
token-file = "/etc/release-agent/token"
[gate]
timeout = "not a duration"
`;
const CONSUL = {kind: 'consul', url: 'http://10.0.0.1:8500', prefix: 'agents'} as const;
const ENV = {
  RELEASE_AGENT_STORE: 'consul://10.0.0.2:8500/other',
  RELEASE_AGENT_APP: 'shop',
  RELEASE_AGENT_CHANNEL: 'dev',
};

t.test(
  'the command line goes before the environment, and that before the configuration of the host',
  async t => {
    const RELEASE_AGENT_ROOT = await configured(t, HOST);
    const tokenFile = '/etc/release-agent/token';
    t.same(await findPlace({}, {RELEASE_AGENT_ROOT}), {
      ok: true,
      place: {app: 'web', channel: 'production', store: {...CONSUL, tokenFile}},
    });
    t.same(await findPlace({channel: 'canary'}, {RELEASE_AGENT_ROOT, RELEASE_AGENT_APP: 'shop'}), {
      ok: true,
      place: {app: 'shop', channel: 'canary', store: {...CONSUL, tokenFile}},
    });
    t.same(await findPlace({store: 'file:///tmp/s'}, {...ENV, RELEASE_AGENT_ROOT: '/nonexistent'}), {
      ok: true,
      place: {app: 'shop', channel: 'dev', store: {kind: 'directory', path: '/tmp/s'}},
    });
  },
);

t.test("an operator's token replaces the host's, and files of Consul's own tools are used", async t => {
  const RELEASE_AGENT_ROOT = await configured(t, HOST);
  const env = {RELEASE_AGENT_ROOT, CONSUL_HTTP_TOKEN_FILE: '/home/ada/token'};
  t.match(await findPlace({}, env), {place: {store: {tokenFile: '/home/ada/token'}}});
  t.match(await findPlace({tokenFile: '/mine'}, env), {place: {store: {tokenFile: '/mine'}}});
  const tls = {CONSUL_CACERT: '/ca', CONSUL_CLIENT_CERT: '/cert', CONSUL_CLIENT_KEY: '/key'};
  t.same(await findPlace({store: 'consuls://c:8501/p'}, {...ENV, ...tls}), {
    ok: true,
    place: {
      app: 'shop',
      channel: 'dev',
      store: {
        kind: 'consul',
        url: 'https://c:8501',
        prefix: 'p',
        caFile: '/ca',
        certFile: '/cert',
        keyFile: '/key',
      },
    },
  });
  t.match(await findPlace({store: 'file:///tmp/s', tokenFile: '/mine'}, ENV), {
    ok: false,
    text: 'file:///tmp/s knows no tokens: show none',
  });
});

t.test('instance tags win over the files, where they can be asked', async t => {
  const tags: Readonly<Record<string, string>> = {'release-agent:channel': 'production'};
  const server = createHttpServer((request, reply) => {
    const [, name = ''] = /tags\/instance\/(.+)$/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    if (request.method === 'PUT') reply.end('token');
    else if (request.url?.endsWith('tags/instance')) reply.end(Object.keys(tags).join('\n'));
    else reply.end(tags[name]);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const {port} = server.address() as {port: number};
  const toml = (imds: string) => HOST.replace('"off"', `"${imds}"`).replace('production', 'dev');
  const asked = await configured(t, toml(`http://127.0.0.1:${port}`));
  t.match(await findPlace({}, {RELEASE_AGENT_ROOT: asked}), {place: {app: 'web', channel: 'production'}});
  server.closeAllConnections();
  server.close();
  t.match(await findPlace({}, {RELEASE_AGENT_ROOT: asked}), {place: {channel: 'dev'}}, 'it does not answer');
  const off = await configured(t, toml('off'));
  t.match(await findPlace({}, {RELEASE_AGENT_ROOT: off}), {place: {channel: 'dev'}});
});

t.test('what is missing is named, with how it is given', async t => {
  const none = await findPlace({app: 'web'}, {RELEASE_AGENT_ROOT: '/nonexistent'});
  t.match(none, {ok: false, kind: 'operator.place'});
  t.match(none, {
    text: /^nothing says which store and channel: give --store or RELEASE_AGENT_STORE and --channel or/,
  });
  const root = await configured(t, HOST.replace('app = "web"\n', ''));
  t.match(await findPlace({}, {RELEASE_AGENT_ROOT: root}), {text: /^nothing says which app: give --app or/});
  const broken = await configured(t, 'store = "ftp://x"\napp = "web"');
  t.match(await findPlace({channel: 'dev'}, {RELEASE_AGENT_ROOT: broken}), {
    ok: false,
    text: /configuration does not tell the store and app: store in .*expected "consul:.*Mend it, or give --store or/,
  });
  const torn = await configured(t, 'store = ');
  t.match(await findPlace({}, {RELEASE_AGENT_ROOT: torn}), {text: /expected TOML/});
});

t.test('what is typed is checked', async t => {
  t.match(await findPlace({store: 's3://bucket/x'}, ENV), {
    ok: false,
    text: /^--store: expected "consul:.*this version cannot keep its store in S3\), got "s3:/,
  });
  t.match(await findPlace({}, {...ENV, RELEASE_AGENT_APP: '../x'}), {
    text: /^RELEASE_AGENT_APP: expected a name of letters.*, got "..\/x"/,
  });
});

t.test('a store that does not answer is exit code 3, and a host without a configuration 1', async t => {
  const server = createServer(socket => socket.destroy());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const {port} = server.address() as {port: number};
  const store = `consul://127.0.0.1:${port}/agents`;
  const away = await runIn(['fleet', '--store', store, '--app', 'web', '--channel', 'dev']);
  t.equal(away.exit, 3);
  t.match(line(away.err), /the store consul:\/\/127.0.0.1:\d+\/agents does not answer/);
  const json = await runIn(['fleet', '--json', '--store', store, '--app', 'web', '--channel', 'dev']);
  t.match(JSON.parse(json.out), {ok: false, refusal: {kind: 'store.unreachable'}});
  const folder = join(await temporaryFolder(t), 'typo');
  const typo = await runIn(['fleet', '--store', `file://${folder}`, '--app', 'web', '--channel', 'dev']);
  t.match([typo.exit, line(typo.err)], [3, /the store file:.*\/typo is not there/]);
  await t.rejects(stat(folder), {code: 'ENOENT'}, 'and is not made');
  const nowhere = await runIn(['freeze', '-m', 'x']);
  t.match(nowhere, {exit: 1, out: ''});
  t.match(line(nowhere.err), /nothing says which store, app and channel/);
});
