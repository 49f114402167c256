import {bad, good, type Kind, type Reading} from './kind.ts';
import {absolutePath, readUrl} from './places.ts';

export type StoreAddress =
  | {readonly kind: 'directory'; readonly path: string}
  | {readonly kind: 'consul'; readonly url: string; readonly prefix: string};

const EXPECTED =
  '"consul://host:port/prefix", "consuls://host:port/prefix" (TLS), "consul:///prefix?socket=/path" or "file:///absolute/path"';
const PREFIX = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const DEFAULT_PORT = '8500';

/** The `store` option: which adapter, and where. `s3://` is not there yet and says so. */
export const storeAddress: Kind<StoreAddress> = {
  expected: EXPECTED,
  read: value => {
    const url = readUrl(value);
    if (!url) return bad;
    if (url.hash !== '' || (url.search !== '' && url.protocol !== 'consul:')) return bad;
    if (url.username !== '' || url.password !== '')
      return {ok: false, hint: 'put the token in a file and name it with consul.token-file'};
    switch (url.protocol) {
      case 'file:':
        return directory(url);
      case 'consul:':
        return url.hostname === '' && url.search !== '' ? socket(url) : consul(url, 'http');
      case 'consuls:':
        return consul(url, 'https');
      case 's3:':
        return {ok: false, hint: 'this version cannot keep its store in S3'};
      default:
        return bad;
    }
  },
};

const directory = (url: URL): Reading<StoreAddress> => {
  const path = url.pathname.replace(/\/+$/, '');
  if (path.includes('%'))
    return {ok: false, hint: 'the path is taken as it is: no percent signs, blanks or letters beyond ASCII'};
  return url.host === '' && path.length > 1 && !path.split('/').includes('..')
    ? good({kind: 'directory', path})
    : {ok: false, hint: 'a directory has three slashes: file:///var/lib/…'};
};

const consul = (url: URL, scheme: 'http' | 'https'): Reading<StoreAddress> => {
  const prefix = prefixOf(url);
  if (url.hostname === '' || url.search !== '' || prefix === undefined) return noPrefix;
  const address = `${scheme}://${url.hostname}:${url.port || DEFAULT_PORT}`;
  // of an address that is none (a127.0.0.1) only the schemes of the web know
  if (!URL.canParse(address)) return {ok: false, hint: 'the host is neither a name nor an address'};
  return good({kind: 'consul', url: address, prefix});
};

/** Consul's agent on a unix socket of this host, which has no TLS. */
const socket = (url: URL): Reading<StoreAddress> => {
  const prefix = prefixOf(url);
  const [[name, path] = [], ...more] = [...url.searchParams];
  const read = absolutePath.read(path);
  if (name !== 'socket' || more.length > 0 || !read.ok)
    return {ok: false, hint: 'a socket is told so: consul:///prefix?socket=/run/consul/http.sock'};
  return prefix === undefined ? noPrefix : good({kind: 'consul', url: `unix://${read.value}`, prefix});
};

const prefixOf = ({pathname}: URL): string | undefined => {
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  return PREFIX.test(prefix) ? prefix : undefined;
};

const noPrefix = {
  ok: false,
  hint: 'the address ends with a prefix of letters, digits, "." "_" "-" and "/"',
} as const;
