import type {ConsulPlace} from '../config/settings.ts';
import {refused} from './error.ts';

const EXPECTED = 'expected an address http://host:port, https://host:port or unix:///path';

/**
 * Where Consul is, as `httpCall` takes it, and `name`, what messages call it: `host:port`, or the path of its socket. Throws a
 * `ConsulError` for an address or a pair of files that cannot work.
 */
export const addressOf = ({
  url,
  certFile,
  keyFile,
}: ConsulPlace): {readonly name: string; readonly base: string} => {
  if ((certFile === undefined) !== (keyFile === undefined))
    throw refused('a client certificate needs both its certificate and its key file');
  const parsed = URL.parse(url);
  if (parsed?.protocol === 'unix:' && parsed.pathname.startsWith('/') && parsed.host === '') {
    const path = decodeURIComponent(parsed.pathname);
    return {name: path, base: `unix://${path}`};
  }
  const extra = parsed && parsed.username + parsed.password + parsed.pathname + parsed.search + parsed.hash;
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol) || extra !== '/') throw refused(EXPECTED);
  return {name: parsed.host, base: parsed.origin};
};
