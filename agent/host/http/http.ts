import {type IncomingMessage, type RequestOptions, request as requestHttp} from 'node:http';
import {withTimeLimit} from '../time-limit.ts';
import {https} from './lazy.ts';

export interface HttpCall {
  /** `http://host:port`, `https://host:port` or `unix:///path/of.sock`; a path behind the host is put before `path` */
  readonly base: string;
  /** begins with `/`, query included */
  readonly path: string;
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** bounds the whole call, from connecting to the last byte of the answer */
  readonly timeoutMs: number;
  /** bytes of answer accepted; 1 MiB unless told */
  readonly maxBytes?: number;
  /** what a longer answer is: an error, or cut there; an error unless told */
  readonly overflow?: 'error' | 'cut';
  readonly tls?: {readonly ca?: string; readonly cert?: string; readonly key?: string};
}

export interface HttpAnswer {
  readonly status: number;
  /** names in lower case; a repeated header is joined by `, ` */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const ERROR_TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'name not found',
  EAI_AGAIN: 'name lookup failed for now',
  ENOENT: 'the socket is not there',
  ETIMEDOUT: 'connection timed out',
};

/**
 * Makes one HTTP call on a connection of its own and gives status, headers and the whole body as text; redirects are
 * answers like any other. Throws an `Error` with a short text without secrets (`connection refused`, `no answer in 2 s`,
 * `the answer broke off`), and the signal's own error when it is aborted.
 */
export const httpCall = async (call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> => {
  const {timeoutMs} = call;
  const late = (error: unknown) => new Error(`no answer in ${timeoutMs / 1000} s`, {cause: error});
  const failed = (error: unknown): never => {
    throw new Error(errorText(error), {cause: error});
  };
  return withTimeLimit({timeoutMs, late}, bounded => exchange(call, bounded).catch(failed), signal);
};

/** A network error as a short text: `connection refused` for ECONNREFUSED, else the error's own message. */
export const errorText = (error: unknown): string => {
  const code = (error as {code?: unknown} | null)?.code;
  const known = typeof code === 'string' ? ERROR_TEXTS[code] : undefined;
  if (known !== undefined) return known;
  const message = error instanceof Error ? error.message : String(error);
  return message === '' ? String(code ?? 'unknown error') : message;
};

const exchange = (call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> =>
  new Promise((resolve, reject) => {
    const {options, secure} = target(call);
    const request = (secure ? https().request : requestHttp)({...options, signal, agent: false});
    request.on('error', reject);
    request.on('response', response => {
      readBody(response, call).then(body => resolve(answer(response, body)), reject);
    });
    request.end(call.body);
  });

const target = ({base, path, method = 'GET', headers = {}, body, tls}: HttpCall) => {
  const length = body === undefined ? {} : {'content-length': `${Buffer.byteLength(body)}`};
  const shared: RequestOptions = {method, headers: {...headers, ...length}};
  if (base.startsWith('unix://')) {
    return {secure: false, options: {...shared, socketPath: base.slice('unix://'.length), path}};
  }
  const {protocol, hostname, port, pathname} = new URL(base);
  const place = {
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    ...(port !== '' && {port}),
    path: `${pathname.replace(/\/$/, '')}${path}`,
  };
  return {secure: protocol === 'https:', options: {...shared, ...place, ...tls}};
};

const readBody = (response: IncomingMessage, {maxBytes = 1_048_576, overflow = 'error'}: HttpCall) =>
  new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const text = () => Buffer.concat(chunks).toString('utf8');
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(size > maxBytes ? chunk.subarray(0, chunk.length - (size - maxBytes)) : chunk);
      if (size <= maxBytes) return;
      if (overflow === 'cut') resolve(text());
      else reject(new Error(`the answer is longer than ${maxBytes} bytes`));
      response.destroy();
    });
    response.on('end', () => resolve(text()));
    response.on('error', reject);
    // However the stream ends, this settles: after `end` or an error it changes nothing.
    response.on('close', () => reject(new Error('the answer broke off')));
  });

const answer = ({statusCode, headers}: IncomingMessage, body: string): HttpAnswer => ({
  status: statusCode ?? 0,
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  ),
  body,
});
