import {
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import {withTimeLimit} from '../time-limit.ts';
import {errorText} from './error.ts';
import {https} from './lazy.ts';
import type {Pool} from './pool.ts';

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
  /** connections that are kept; without one the call has a connection of its own */
  readonly pool?: Pool;
  /** doing it twice is doing it once; so are GETs unless told */
  readonly repeatable?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  /** names in lower case; a repeated header is joined by `, ` */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Makes one HTTP call and gives status, headers and the whole body as text, bytes that are not UTF-8 as U+FFFD; redirects are
 * answers like any other. Throws an `Error` with a short text without secrets (`connection refused`, `no answer in 2 s`,
 * `the answer broke off`), and the signal's own error when it is aborted.
 */
export const httpCall = async (call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> => {
  const {timeoutMs} = call;
  const seconds = Number((timeoutMs / 1000).toPrecision(3));
  const late = (error: unknown) => new Error(`no answer in ${seconds} s`, {cause: error});
  const failed = (error: unknown): never => {
    throw new Error(errorText(error), {cause: error});
  };
  return withTimeLimit({timeoutMs, late}, bounded => exchange(call, bounded).catch(failed), signal);
};

const exchange = async (call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> => {
  const begin = beginning(call, signal);
  const request = begin();
  const response = await headOf(request, call.body).catch(error => {
    // A kept connection may have been closed by the other side just before it was used again.
    const {method = 'GET', repeatable = method === 'GET'} = call;
    if (!repeatable || !request.reusedSocket || signal.aborted) throw error;
    return headOf(begin(), call.body);
  });
  return answer(response, await readBody(response, call));
};

const beginning = (call: HttpCall, signal: AbortSignal): (() => ClientRequest) => {
  const {options, secure} = target(call);
  const request = secure ? https().request : requestHttp;
  const agent = call.pool?.agent(secure) ?? false;
  return () => request({...options, signal, agent});
};

const headOf = (request: ClientRequest, body: string | undefined): Promise<IncomingMessage> => {
  const {promise, resolve, reject} = Promise.withResolvers<IncomingMessage>();
  request.on('response', resolve).on('error', reject);
  request.end(body);
  return promise;
};

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
