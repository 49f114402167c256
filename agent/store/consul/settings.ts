import type {StoreSettings} from '../../config/settings.ts';
import {checkKey, refused} from '../key.ts';

export type ConsulSettings = Omit<Extract<StoreSettings, {readonly kind: 'consul'}>, 'kind'>;

export interface ConsulAddress {
  /** what messages call the store */
  readonly name: string;
  readonly secure: boolean;
  /** where requests go, as `node:http` wants it */
  readonly target: {readonly host: string; readonly port: number} | {readonly socketPath: string};
}

/** Where the store is. Throws `store.refused` for an address or a pair of files that cannot work. */
export const addressOf = ({url, prefix, certFile, keyFile}: ConsulSettings): ConsulAddress => {
  const parsed = URL.parse(url);
  const name = `consul://${parsed?.host || parsed?.pathname || ''}/${prefix}`;
  checkKey(name, prefix);
  if ((certFile === undefined) !== (keyFile === undefined))
    throw refused(name, 'a client certificate needs both its certificate and its key file');
  if (parsed?.protocol === 'unix:' && parsed.pathname.startsWith('/') && parsed.host === '')
    return {name, secure: false, target: {socketPath: decodeURIComponent(parsed.pathname)}};
  const secure = parsed?.protocol === 'https:';
  const extra = parsed && parsed.username + parsed.password + parsed.pathname + parsed.search + parsed.hash;
  if ((!secure && parsed?.protocol !== 'http:') || extra !== '/')
    throw refused(name, `expected an address http://host:port, https://host:port or unix:///path`);
  const port = Number(parsed.port) || (secure ? 443 : 80);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return {name, secure, target: {host, port}};
};
