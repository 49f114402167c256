import {execFile} from 'node:child_process';
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {temporaryFolder} from './temporary.ts';

const KIND = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAYS = ['-days', '2', '-subj', '/CN=localhost'];

const openssl = (folder: string, ...args: string[]) =>
  promisify(execFile)('openssl', args, {cwd: folder, timeout: 20_000});

/** A key and a certificate of its own making for `localhost`, as PEM texts, and the files they are in. */
export const selfSigned = async (t: Parameters<typeof temporaryFolder>[0]) => {
  const folder = await temporaryFolder(t);
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await openssl(folder, 'req', '-x509', ...KIND, '-keyout', keyFile, '-out', certFile, ...DAYS);
  const [key, cert] = await Promise.all([readFile(keyFile, 'utf8'), readFile(certFile, 'utf8')]);
  return {key, cert, keyFile, certFile};
};

/** The files of a certificate authority, and of a certificate and key for 127.0.0.1 and localhost that it signed. */
export const signedByAuthority = async (t: Parameters<typeof temporaryFolder>[0]) => {
  const folder = await temporaryFolder(t);
  const authority = ['-subj', '/CN=test CA', '-keyout', 'ca-key.pem', '-out', 'ca.pem'];
  await openssl(folder, 'req', '-x509', ...KIND, ...authority);
  await openssl(folder, 'req', ...KIND, '-subj', '/CN=consul', '-keyout', 'key.pem', '-out', 'csr.pem');
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
  const at = (name: string): string => join(folder, name);
  return {folder, caFile: at('ca.pem'), certFile: at('cert.pem'), keyFile: at('key.pem')};
};
