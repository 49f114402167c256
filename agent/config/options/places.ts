import {isIP} from 'node:net';
import {isAbsolute, normalize} from 'node:path';
import {bad, good, type Kind, pattern, type Reading} from './kind.ts';

const NO_CONTROL = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+$/u;

/** An absolute path without `..`; `/` itself is not one. */
export const absolutePath: Kind<string> = {
  expected: 'an absolute path',
  read: value =>
    typeof value === 'string' && NO_CONTROL.test(value) && isAbsolute(value) && plain(value) && value !== '/'
      ? good(value.replace(/\/+$/, ''))
      : bad,
};

/** A path inside the release: relative, without `..`. */
export const innerPath: Kind<string> = {
  expected: 'a path inside the release, such as "deploy/start"',
  read: value =>
    typeof value === 'string' &&
    NO_CONTROL.test(value) &&
    !isAbsolute(value) &&
    plain(value) &&
    !value.endsWith('/')
      ? good(value)
      : bad,
};

/** PATH_MAX of Linux, with its closing zero. */
const PATH_LIMIT = 4_096;

const plain = (path: string): boolean =>
  Buffer.byteLength(path) < PATH_LIMIT &&
  !path.split('/').includes('..') &&
  normalize(path) === path.replace(/^\.\//, '');

/** `http://…` or `https://…`, without a user in it. */
export const webAddress: Kind<string> = {
  expected: 'an http:// or https:// address without user or password',
  read: value => {
    const url = readUrl(value);
    if (!url || !['http:', 'https:'].includes(url.protocol) || url.hash !== '') return bad;
    return url.username === '' && url.password === '' ? good(String(value)) : bad;
  },
};

/** The address of a webhook. */
export const webhookAddress: Kind<string> = {
  expected: 'an http:// or https:// address without user, password or "#"',
  read: webAddress.read,
};

/** A port of this host that other machines cannot reach: `127.0.0.1:port`, `[::1]:port`. */
export const loopback: Kind<string> = {
  expected: 'a loopback address and a port, such as "127.0.0.1:9464"',
  read: value => {
    const match = typeof value === 'string' ? /^(?:127(?:\.\d{1,3}){3}|\[::1\]):\d{1,5}$/.test(value) : false;
    if (
      match &&
      hostAndPort.read(value).ok &&
      isIP(
        String(value)
          .replace(/:\d+$/, '')
          .replace(/^\[|\]$/g, ''),
      ) !== 0
    )
      return good(String(value));
    return hostAndPort.read(value).ok
      ? {
          ok: false,
          hint: 'metrics are for this host alone: whoever scrapes from elsewhere goes through an exporter or a proxy of yours',
        }
      : bad;
  },
};

/** An agent of Consul, as CONSUL_HTTP_ADDR names it: `http://host:port`, `https://host:port` or `unix:///path`. */
export const consulAddress: Kind<string> = {
  expected: '"http://host:port", "https://host:port" or "unix:///path"',
  read: value => {
    const url = readUrl(value);
    if (url?.protocol === 'unix:') {
      const path = String(value).slice('unix://'.length);
      return absolutePath.read(path).ok ? good(`unix://${path}`) : bad;
    }
    if (!url || !webAddress.read(value).ok) return bad;
    return url.pathname === '/' && url.search === '' ? good(url.origin) : {ok: false, hint: 'no path'};
  },
};

/** `host:port`, `[::1]:port` for IPv6. */
export const hostAndPort: Kind<string> = {
  expected: 'host:port, such as "127.0.0.1:8080"',
  read: value => {
    const match =
      typeof value === 'string' ? /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(value) : null;
    const port = Number(match?.[1]);
    return port >= 1 && port <= 65_535 ? good(String(value)) : bad;
  },
};

/** An IP address, or a network in CIDR form. */
export const network: Kind<string> = {
  expected: 'is an address or a network',
  read: value => {
    const [address = '', bits, ...more] = typeof value === 'string' ? value.split('/') : [];
    const family = isIP(address);
    const fits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
    return family !== 0 && fits && more.length === 0 ? good(String(value)) : bad;
  },
};

/** A git remote: https, http, ssh or file; a user only for ssh, never a password. */
export const gitRemote: Kind<string> = {
  expected: 'a git address (https://, http://, ssh:// or file://) without a password',
  read: value => {
    const url = readUrl(value);
    if (!url) return scpForm(value);
    if (!['https:', 'http:', 'ssh:', 'file:'].includes(url.protocol) || url.hash !== '') return bad;
    if (url.password !== '' || (url.protocol !== 'ssh:' && url.username !== ''))
      return {ok: false, hint: 'put the credential in a file and name it with install.git.credential-file'};
    // ssh would take it for an option
    if (url.hostname.startsWith('-') || url.username.startsWith('-')) return bad;
    return url.pathname.length > 1 ? good(String(value)) : bad;
  },
};

/** A proxy that git knows: http, https or socks5, a host and a port and nothing else. */
export const proxyAddress: Kind<string> = {
  expected: 'a proxy with its port, such as "http://host:3128" (or https://, socks5://, socks5h://)',
  read: value => {
    const url = readUrl(value);
    if (!url || !['http:', 'https:', 'socks5:', 'socks5h:'].includes(url.protocol)) return bad;
    if (url.username !== '' || url.password !== '')
      return {
        ok: false,
        hint: 'put user and password in a file and name it with install.git.proxy-credential-file',
      };
    const plainHost =
      /^[A-Za-z0-9._-]+$|^\[[0-9A-Fa-f:.]+\]$/.test(url.hostname) && !url.hostname.startsWith('-');
    // curl's own port where none is told is 1080, not what anybody expects
    const rest =
      /:\d{1,5}\/?$/.test(String(value)) && ['', '/'].includes(url.pathname + url.search + url.hash);
    return plainHost && rest ? good(String(value)) : bad;
  },
};

/** A git reference from `refs/` on, with at most one `*` for any text (git-check-ref-format(1)). */
export const refPattern: Kind<string> = {
  expected: 'begins with "refs/", holds at most one "*" and is a name that git allows',
  read: value =>
    typeof value === 'string' && REF.test(value) && !/\.\.|@\{|\/\.|\.lock(?:\/|$)|\/\/|\*.*\*/.test(value)
      ? good(value)
      : bad,
};
const REF =
  /^refs\/[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}~^:?[\\]{0,249}[^\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}~^:?[\\/.]$/u;

const scpForm = (value: unknown): Reading<string> => {
  const form = typeof value === 'string' ? /^([\w.-]+@)?([\w.-]+):([\w./~-]+)$/.exec(value) : null;
  return form ? {ok: false, hint: `write "ssh://${form[1] ?? ''}${form[2]}/${form[3]}"`} : bad;
};

/** The address as a URL, undefined when it is none or holds blanks or control characters. */
export const readUrl = (value: unknown): URL | undefined =>
  typeof value === 'string' && /^[a-z][a-z0-9+]*:\/\/[^\s\p{Cc}]*$/u.test(value) && URL.canParse(value)
    ? new URL(value)
    : undefined;

/** A systemd unit's name. */
export const unitName: Kind<string> = pattern(
  'a systemd unit, such as "web.service"',
  /^(?!-)[A-Za-z0-9:_.\\@-]{1,240}\.(?:service|socket|target|timer|path|mount)$/,
);
