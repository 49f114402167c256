import {bad, good, type Kind, type Reading} from './kind.ts';
import {readUrl} from './places.ts';

export type StoreAddress =
  | {readonly kind: 'directory'; readonly path: string}
  | {readonly kind: 'consul'; readonly url: string; readonly prefix: string};

const EXPECTED = '"consul://host:port/prefix", "consuls://host:port/prefix" (TLS) or "file:///absolute/path"';
const PREFIX = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const DEFAULT_PORT = '8500';

/** The `store` option: which adapter, and where. `s3://` is not there yet and says so. */
export const storeAddress: Kind<StoreAddress> = {
  expected: EXPECTED,
  read: value => {
    const url = readUrl(value);
    if (!url) return bad;
    if (url.search !== '' || url.hash !== '') return bad;
    if (url.username !== '' || url.password !== '')
      return {ok: false, hint: 'put the token in a file and name it with consul.token-file'};
    switch (url.protocol) {
      case 'file:':
        return directory(url);
      case 'consul:':
        return consul(url, 'http');
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
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (url.hostname === '' || !PREFIX.test(prefix))
    return {ok: false, hint: 'the address ends with a prefix of letters, digits, "." "_" "-" and "/"'};
  return good({kind: 'consul', url: `${scheme}://${url.hostname}:${url.port || DEFAULT_PORT}`, prefix});
};
