import {readFile, stat} from 'node:fs/promises';
import {SECRET_EXPECTED, secretProblem} from '../../host/secret-file.ts';
import {refused} from '../key.ts';
import type {ConsulSettings} from './settings.ts';

export interface Credentials {
  readonly token?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const TOKEN = /^[\x21-\x7e]+$/;

/**
 * Reads the token and TLS files, again when one of them changes, so that rotating them needs no restart. A file that is
 * not readable, or a secret that others can read, throws `store.refused`; contents never appear in messages.
 */
export const credentialReader = (store: string, settings: ConsulSettings): (() => Promise<Credentials>) => {
  const files = {
    token: settings.tokenFile,
    ca: settings.caFile,
    cert: settings.certFile,
    key: settings.keyFile,
  } as const;
  const readers = Object.entries(files).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, path, fileReader(path)] as const],
  );
  return async () => {
    const found: Record<string, string> = {};
    for (const [name, path, read] of readers) {
      const text = await read().catch(error => {
        throw refused(store, `its ${name} file is not readable: ${error.message}`, {cause: error});
      });
      if (SECRET.has(name)) await requireSecret(store, path);
      found[name] = name === 'token' ? checkToken(store, path, text.trim()) : text;
    }
    return found;
  };
};

const SECRET: ReadonlySet<string> = new Set(['token', 'key']);

const requireSecret = async (store: string, path: string): Promise<void> => {
  const got = await secretProblem(path);
  if (got !== null) throw refused(store, `its secret ${path}: expected ${SECRET_EXPECTED}, got ${got}`);
};

const checkToken = (store: string, path: string, token: string): string => {
  if (!TOKEN.test(token))
    throw refused(store, `the token file ${path}: expected one line of printable ASCII`);
  return token;
};

const fileReader = (path: string): (() => Promise<string>) => {
  let seen = '';
  let text = '';
  return async () => {
    const {mtimeNs, size, ino} = await stat(path, {bigint: true});
    const mark = `${mtimeNs} ${size} ${ino}`;
    if (mark !== seen) text = await readFile(path, 'utf8');
    seen = mark;
    return text;
  };
};
