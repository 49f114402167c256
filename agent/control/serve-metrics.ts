import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {jittered, pause} from '../host/pause.ts';
import type {Log} from '../ports.ts';

interface Options {
  /** `127.0.0.1:port` or `[::1]:port` */
  readonly listen: string;
  readonly text: () => string;
  readonly log: Log;
  /** the longest pause before an address that is taken is tried again */
  readonly retryMs?: number;
}

/** As Prometheus asks for it ("Exposition formats"). */
const TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const CONNECTIONS = 8;
const REQUEST_MS = 5_000;
const RETRY_MS = 60_000;

/** Serves `GET /metrics` until the signal is aborted. An address that cannot be had is said once and tried again: it stops nothing else. */
export const serveMetrics = async (options: Options, signal: AbortSignal): Promise<void> => {
  const {listen, log, retryMs = RETRY_MS} = options;
  for (let isTold = false; !signal.aborted; isTold = true) {
    try {
      return await serve(options, signal);
    } catch (error) {
      const {message} = error as Error;
      if (!isTold && !signal.aborted)
        log.warning(`metrics are not served on ${listen}: ${message}; it is tried again`);
      await pause(jittered(retryMs), signal);
    }
  }
};

const serve = async ({listen, text}: Options, signal: AbortSignal): Promise<void> => {
  const limits = {headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: REQUEST_MS};
  const server = createServer({...limits, maxHeaderSize: 8_192}, (request, response) =>
    respond(request, response, text),
  );
  server.maxConnections = CONNECTIONS;
  const at = listen.lastIndexOf(':');
  server.listen(Number(listen.slice(at + 1)), listen.slice(0, at).replace(/^\[|\]$/g, ''));
  await once(server, 'listening', {signal});
  server.on('error', () => undefined); // of one connection: there are others
  try {
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

const respond = (request: IncomingMessage, response: ServerResponse, text: () => string): void => {
  request.resume();
  const {method = '', url = ''} = request;
  if (url.split('?')[0] !== '/metrics') return void response.writeHead(404).end('metrics are at /metrics\n');
  if (method !== 'GET' && method !== 'HEAD') return void response.writeHead(405, {allow: 'GET, HEAD'}).end();
  try {
    const body = text();
    response.writeHead(200, {'content-type': TYPE}).end(method === 'HEAD' ? undefined : body);
  } catch {
    response.writeHead(500).end();
  }
};
