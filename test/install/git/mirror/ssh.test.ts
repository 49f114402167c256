import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {connect, createServer} from 'node:net';
import {userInfo} from 'node:os';
import {join} from 'node:path';
import t from 'tap';
import {eventually} from '../../../support/eventually.ts';
import {unmet} from '../../../support/needs.ts';
import {temporaryFolder} from '../../../support/temporary.ts';
import {expectedTree, host, kindOf, never, origin, type Test, treeOf} from '../support.ts';

const SSHD = '/usr/sbin/sshd';
const skip = unmet('root') || (!existsSync(SSHD) && 'needs sshd');

t.test('over ssh with a key and known hosts, and with nothing else', {skip}, async t => {
  const app = await origin(t);
  const revision = app.commit({a: 'a'});
  // ssh and a shell both read these names
  const folder = join(await temporaryFolder(t), `it's 100% "odd"`);
  mkdirSync(folder);
  const key = (name: string) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    return readFileSync(join(folder, `${name}.pub`), 'utf8');
  };
  const [deploy, , hostKey, strange] = [key('deploy'), key('other'), key('host'), key('strange')];
  const port = await serveSsh(t, {hostKeyFile: join(folder, 'host'), allowed: deploy});
  writeFileSync(join(folder, 'known'), `[127.0.0.1]:${port} ${hostKey}`);
  writeFileSync(join(folder, 'unknown'), `[127.0.0.1]:${port} ${strange}`);
  const url = `ssh://${userInfo().username}@127.0.0.1:${port}${app.path}`;
  const stage = async (sshKeyFile: string, knownHostsFile: string) => {
    const files = {sshKeyFile: join(folder, sshKeyFile), knownHostsFile: join(folder, knownHostsFile)};
    const {installer, slot} = await host(t, {url, ...files});
    const kind = await kindOf(installer.stage(slot('one', revision), never));
    if (kind === 'no error')
      t.equal(treeOf(slot('one', revision).directory), expectedTree(app.path, revision));
    return kind;
  };
  t.equal(await stage('deploy', 'known'), 'no error');
  t.equal(await stage('other', 'known'), 'git.auth-refused');
  chmodSync(join(folder, 'deploy'), 0o640);
  t.equal(await stage('deploy', 'known'), 'git.credentials', 'a key that others can read');
  chmodSync(join(folder, 'deploy'), 0o400);
  t.equal(await stage('deploy', 'unknown'), 'git.unreachable', 'the host has another key');
  t.equal(await stage('deploy', 'nothing'), 'git.unreachable', 'the host is not known');
});

const serveSsh = async (
  t: Test,
  {hostKeyFile, allowed}: {readonly hostKeyFile: string; readonly allowed: string},
): Promise<number> => {
  // sshd's own configuration takes plain paths
  const folder = await temporaryFolder(t);
  const [hostKey, keys, config] = ['host', 'keys', 'config'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(hostKey, readFileSync(hostKeyFile), {mode: 0o600});
  writeFileSync(keys, allowed, {mode: 0o600});
  const options = [
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${keys}`,
    'StrictModes no',
    'UsePAM no',
    'PidFile none',
  ];
  writeFileSync(config, `${[...options, 'PasswordAuthentication no', 'PermitRootLogin yes'].join('\n')}\n`);
  mkdirSync('/run/sshd', {recursive: true});
  const port = await freePort();
  const server = spawn(SSHD, ['-D', '-f', config, '-o', `ListenAddress=127.0.0.1:${port}`], {
    stdio: 'ignore',
  });
  t.teardown(async () => void server.kill());
  await eventually('sshd', async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    return true;
  });
  return port;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as {port: number};
  await once(server.close(), 'close');
  return port;
};
