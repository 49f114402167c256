import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import t from 'tap';
import {temporaryFolder} from '../../support/temporary.ts';
import {git, host, kindOf, never, type Origin, origin, type Test} from './support.ts';

const sshKey = async (t: Test): Promise<{readonly file: string; readonly allow: string}> => {
  const file = join(await temporaryFolder(t), 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'signer', '-f', file]);
  return {file, allow: `signer@example.org ${readFileSync(`${file}.pub`, 'utf8')}`};
};

const signWith = (app: Origin, key: string, format = 'ssh'): void => {
  git(app.path, 'config', 'gpg.format', format);
  git(app.path, 'config', 'user.signingKey', key);
};

t.test('only revisions signed by an allowed ssh key are staged', async t => {
  const app = await origin(t);
  const [good, other] = [await sshKey(t), await sshKey(t)];
  const allowedSignersFile = join(await temporaryFolder(t), 'allowed');
  writeFileSync(allowedSignersFile, good.allow);
  const {installer, slot, stateDir, said} = await host(t, {url: app.url, allowedSignersFile});
  const stage = (revision: string) => kindOf(installer.stage(slot('one', revision), never));
  t.equal(await stage(app.commit({a: 'unsigned'})), 'git.unsigned');
  signWith(app, other.file);
  const unknown = app.commit({a: 'other'}, '-S');
  t.equal(await stage(unknown), 'git.signature', 'a good signature of a key that is not allowed');
  signWith(app, good.file);
  const signed = app.commit({a: 'good'}, '-S');
  const forged = forge(app, signed);
  t.equal(await stage(forged), 'git.signature', 'a signature of other content');
  t.notOk(existsSync(join(stateDir, 'slots')), 'nothing of them was written');
  t.equal(await stage(signed), 'no error');
  t.match(said().join('\n'), /signed by signer@example\.org/);
  writeFileSync(allowedSignersFile, other.allow);
  t.equal(await stage(unknown), 'no error');
  t.equal(
    await kindOf(installer.stage(slot('two', signed), never)),
    'git.signature',
    'it is allowed no more',
  );
});

t.test('a file of allowed signers that is not there allows nobody', async t => {
  const app = await origin(t);
  signWith(app, (await sshKey(t)).file);
  const {installer, slot} = await host(t, {url: app.url, allowedSignersFile: '/nonexistent/allowed'});
  t.equal(await kindOf(installer.stage(slot('one', app.commit({a: 'a'}, '-S')), never)), 'git.signature');
});

t.test('gpg signatures count by the trust in the configured keyring alone', async t => {
  const app = await origin(t);
  const gpgHome = join(await temporaryFolder(t), 'gnupg');
  mkdirSync(gpgHome, {mode: 0o700});
  const gpg = (...args: readonly string[]) =>
    execFileSync('gpg', ['--homedir', gpgHome, '--batch', '--quiet', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
  t.teardown(() => void execFileSync('gpgconf', ['--homedir', gpgHome, '--kill', 'all']));
  gpg('--passphrase', '', '--quick-gen-key', 'signer@example.org', 'ed25519', 'sign', 'never');
  const program = join(gpgHome, 'gpg');
  writeFileSync(program, `#!/bin/sh\nexec gpg --homedir '${gpgHome}' "$@"\n`, {mode: 0o700});
  git(app.path, 'config', 'gpg.program', program);
  signWith(app, 'signer@example.org', 'openpgp');
  const signed = app.commit({a: 'a'}, '-S');
  const trusting = await host(t, {url: app.url, gpgHome});
  t.equal(await kindOf(trusting.installer.stage(trusting.slot('one', signed), never)), 'no error');
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(gpg('--with-colons', '--list-keys'))?.[1];
  execFileSync('gpg', ['--homedir', gpgHome, '--batch', '--quiet', '--import-ownertrust'], {
    input: `${fingerprint}:2:\n`,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  t.equal(
    await kindOf(trusting.installer.stage(trusting.slot('two', signed), never)),
    'git.signature',
    'the key is known but not trusted',
  );
  const allowedSignersFile = join(await temporaryFolder(t), 'allowed');
  writeFileSync(allowedSignersFile, (await sshKey(t)).allow);
  const ssh = await host(t, {url: app.url, allowedSignersFile});
  t.equal(
    await kindOf(ssh.installer.stage(ssh.slot('one', signed), never)),
    'git.unsigned',
    'a kind that is not configured',
  );
});

// The same signature over another tree.
const forge = (app: Origin, signed: string): string => {
  const text = execFileSync('git', ['cat-file', 'commit', signed], {cwd: app.path, encoding: 'utf8'});
  const parent = git(app.path, 'rev-parse', `${signed}~1^{tree}`);
  return execFileSync('git', ['hash-object', '-t', 'commit', '-w', '--stdin'], {
    cwd: app.path,
    encoding: 'utf8',
    input: text.replace(/^tree .*/, `tree ${parent}`),
  }).trim();
};
