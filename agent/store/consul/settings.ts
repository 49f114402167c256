import {quote} from '../../core/quote.ts';
import {checkKey, refused} from '../key.ts';

export interface ConsulSettings {
  /** `http://…`, `https://…` or `unix:///…` */
  readonly url: string;
  readonly prefix: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface ConsulAddress {
  /** what messages call the store */
  readonly name: string;
  readonly secure: boolean;
  /** where requests go, as `node:http` wants it */
  readonly target: {readonly host: string; readonly port: number} | {readonly socketPath: string};
}

const PORTS = {'http:': 8500, 'https:': 8501} as const;

/** Where the store is. Throws `store.refused` for an address or a pair of files that cannot work. */
export const addressOf = ({url, prefix, certFile, keyFile}: ConsulSettings): ConsulAddress => {
  const parsed = URL.parse(url);
  const name = `consul://${parsed?.host || parsed?.pathname || ''}/${prefix}`;
  checkKey(name, prefix);
  if ((certFile === undefined) !== (keyFile === undefined))
    throw refused(name, 'a client certificate needs both its certificate and its key file');
  if (parsed?.protocol === 'unix:' && parsed.pathname.startsWith('/') && parsed.host === '')
    return {name, secure: false, target: {socketPath: decodeURIComponent(parsed.pathname)}};
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:')
    throw refused(name, `expected an address http://…, https://… or unix:///…, got ${quote(url)}`);
  const port = Number(parsed.port) || defaultPort(url, parsed.protocol);
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1');
  return {name, secure: parsed.protocol === 'https:', target: {host, port}};
};

// URL drops a port that is the protocol's default: `http://consul:80` means 80, `http://consul` means Consul's own.
const defaultPort = (url: string, protocol: keyof typeof PORTS): number => {
  const written = /^https?:\/\/[^/]*:(\d+)(\/|$)/.exec(url)?.[1];
  return written === undefined ? PORTS[protocol] : Number(written);
};
