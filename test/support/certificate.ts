import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {temporaryFolder} from './temporary.ts';

const DAYS = ['-days', '2', '-subj', '/CN=localhost'];

/** A key and a certificate of its own making for `localhost`, as PEM texts, and the files they are in. */
export const selfSigned = async (t: Parameters<typeof temporaryFolder>[0]) => {
  const folder = await temporaryFolder(t);
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    ...kind,
    ...['-keyout', keyFile, '-out', certFile],
    ...DAYS,
  ]);
  const [key, cert] = await Promise.all([readFile(keyFile, 'utf8'), readFile(certFile, 'utf8')]);
  return {key, cert, keyFile, certFile};
};
