import {readFile, stat} from 'node:fs/promises';
import type {ConsulPlace} from '../config/settings.ts';
import {isConsulToken} from '../core/token.ts';
import {SECRET_EXPECTED, secretProblem} from '../host/secret-file.ts';
import {refused} from './error.ts';

export interface Credentials {
  readonly token?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const SECRET: ReadonlySet<string> = new Set(['token', 'key']);

/**
 * Reads the token and TLS files, again when one of them changes, so that rotating them needs no restart. A file that is not
 * readable, or a secret that others can read, throws a `ConsulError`; contents never appear in messages.
 */
export const credentialReader = (place: ConsulPlace): (() => Promise<Credentials>) => {
  const files = {token: place.tokenFile, ca: place.caFile, cert: place.certFile, key: place.keyFile} as const;
  const readers = Object.entries(files).flatMap(([name, path]) =>
    path === undefined ? [] : [[name, path, fileReader(path)] as const],
  );
  return async () => {
    const found: Record<string, string> = {};
    for (const [name, path, read] of readers) {
      const text = await read().catch(error => {
        throw refused(`its ${name} file is not readable: ${error.message}`, {cause: error});
      });
      if (SECRET.has(name)) await requireSecret(path);
      found[name] = name === 'token' ? checkToken(path, text.trim()) : text;
    }
    return found;
  };
};

const requireSecret = async (path: string): Promise<void> => {
  const got = await secretProblem(path);
  if (got !== null) throw refused(`its secret ${path}: expected ${SECRET_EXPECTED}, got ${got}`);
};

const checkToken = (path: string, token: string): string => {
  if (!isConsulToken(token)) throw refused(`the token file ${path}: expected one line of printable ASCII`);
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
