import {execFile} from 'node:child_process';
import {chmod, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import t, {type Test} from 'tap';
import {openStore} from '../../agent/store/open.ts';
import {startConsulServer} from '../lab/consul.ts';
import {freePorts} from '../lab/ports.ts';
import {startConsul} from '../support/consul.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {tokenFor} from './consul-acl.ts';
import {collect} from './contract/watch.ts';

const skip = unmet('root', 'debian');
const never = new AbortController().signal;
const refused = {name: 'ReasonError', reason: {kind: 'store.refused'}};
const tuning = {sessionTtlMinMs: 1_000, callDeadlineMs: 5_000};

await t.test('access control', {skip}, async t => {
  const consul = await startConsul(t, {acl: true});
  const tokenFile = join(await temporaryFolder(t), 'token');
  await writeFile(tokenFile, '11111111-2222-3333-4444-555555555555\n', {mode: 0o600});
  const settings = {kind: 'consul', url: consul.address, prefix: 'agents', tokenFile} as const;
  const store = await openStore(settings, tuning);
  t.teardown(() => store.close());
  await t.rejects(
    store.get('web/desired', never),
    {...refused, message: /403: ACL not found/},
    'an unknown token',
  );
  const watch = collect(t, store, 'web/desired');
  await eventually('the watch to be refused', () => watch.last() === 'lost');
  t.match(watch.updates, [{type: 'lost', cause: {kind: 'store.refused'}}]);

  const reader = 'key_prefix "agents/" { policy = "read" }';
  await writeFile(tokenFile, await tokenFor(consul, 'reader', reader));
  t.equal(await store.get('web/desired', never), null, 'the token file is read again when it changes');
  await eventually('the watch to come back', () => watch.last() === '', {timeoutMs: 30_000});
  await t.rejects(
    store.put('web/desired', 'x', 'any', never),
    {...refused, message: /Permission denied/},
    'no write',
  );
  await t.rejects(store.put('web/desired', 'x', 'absent', never), refused, 'no compare-and-set');
  await t.rejects(store.delete('web/desired', 'any', never), refused, 'no delete');
  const presence = store.presence({key: 'web/hosts/i-1', ttlMs: 1_000, takeOver: true});
  await t.rejects(presence.set('x', never), refused, 'no session');

  const host = 'key_prefix "agents/web/" { policy = "write" } session_prefix "" { policy = "write" }';
  await writeFile(tokenFile, await tokenFor(consul, 'host', host));
  t.ok((await store.put('web/desired', 'x', 'absent', never)).ok, 'the rules of the manual are enough');
  t.equal(await presence.set('serving', never), true);
  await presence.release(never);
  await eventually('the watch to go on', () => watch.last() === 'web/desired=x', {timeoutMs: 15_000});

  await writeFile(tokenFile, 'two\nlines');
  await t.rejects(
    store.get('web/desired', never),
    {message: /token file .*: expected one line/},
    'a bad file',
  );
  await writeFile(tokenFile, await tokenFor(consul, 'host-again', host));
  for (const mode of [0o644, 0o640, 0o606]) {
    await chmod(tokenFile, mode);
    const error: unknown = await store.get('web/desired', never).catch(found => found);
    t.match(error, {
      reason: {kind: 'store.refused', details: {cause: /0600 or 0400, got mode 06[046]{2}$/}},
    });
  }
  await chmod(tokenFile, 0o400);
  t.ok(await store.get('web/desired', never), 'and it goes on');
  const missing = await openStore({...settings, tokenFile: `${tokenFile}.none`});
  t.teardown(() => missing.close());
  await t.rejects(missing.get('web/desired', never), {message: /its token file is not readable: ENOENT/});
});

const openssl = (folder: string, ...args: string[]) =>
  promisify(execFile)('openssl', args, {cwd: folder, timeout: 20_000});

/** A certificate authority, and a certificate for 127.0.0.1 signed by it, as `ca.pem`, `cert.pem`, `key.pem`. */
const makeCertificates = async (t: Test): Promise<string> => {
  const folder = await temporaryFolder(t);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    folder,
    'req',
    '-x509',
    ...key,
    '-subj',
    '/CN=test CA',
    '-keyout',
    'ca-key.pem',
    '-out',
    'ca.pem',
  );
  await openssl(folder, 'req', ...key, '-subj', '/CN=consul', '-keyout', 'key.pem', '-out', 'csr.pem');
  await writeFile(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  const sign = [
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca-key.pem',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'names',
  ];
  await openssl(folder, 'x509', '-req', '-in', 'csr.pem', ...sign, '-out', 'cert.pem');
  return folder;
};

await t.test('TLS and a unix socket', {skip}, async t => {
  const folder = await makeCertificates(t);
  const [httpPort = 0, https = 0, server = 0, serf = 0] = await freePorts(4);
  const [caFile, certFile, keyFile] = ['ca.pem', 'cert.pem', 'key.pem'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const socket = join(folder, 'consul.sock');
  const ports = {http: httpPort, https, server, serf_lan: serf, serf_wan: -1, dns: -1, grpc: -1};
  const tls = {ca_file: caFile, cert_file: certFile, key_file: keyFile, verify_incoming_https: true};
  const addresses = {http: `127.0.0.1 unix://${socket}`};
  const address = `http://127.0.0.1:${httpPort}`;
  const consul = await startConsulServer({
    dir: join(folder, 'consul'),
    config: {ports, addresses, ...tls},
    address,
  });
  t.teardown(() => consul.stop());
  const settings = {kind: 'consul', url: `https://127.0.0.1:${https}`, prefix: 'agents'} as const;
  const open = async (more: object) => {
    const store = await openStore({...settings, ...more}, tuning);
    t.teardown(() => store.close());
    return store;
  };
  const unreachable = {name: 'ReasonError', reason: {kind: 'store.unreachable'}};
  const good = await open({caFile, certFile, keyFile});
  t.ok((await good.put('web/desired', 'x', 'any', never)).ok, 'with CA, certificate and key');
  await t.rejects((await open({})).get('web/a', never), unreachable, 'an unknown CA is not trusted');
  await t.rejects(
    (await open({caFile})).get('web/a', never),
    unreachable,
    'without a certificate nobody comes in',
  );
  await t.rejects(open({caFile, certFile}), refused, 'a certificate without its key is refused');
  const plain = await open({url: `unix://${socket}`});
  t.equal((await plain.get('web/desired', never))?.value, 'x', 'a unix socket');
  for (const url of ['ftp://x', 'consul', 'http://u:p@x:1', 'http://x:1/base', 'unix://relative/path']) {
    await t.rejects(open({url}), refused, `the address ${url} is refused`);
  }
  await t.rejects(open({prefix: '/x/'}), refused, 'a prefix that is no key is refused');
});
