import {type IncomingMessage, request} from 'node:http';
import {buffer} from 'node:stream/consumers';

interface Options {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** What of fetch's answer the suites use. */
export interface Reply {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: {get(name: string): string | null};
  text(): Promise<string>;
  json(): Promise<unknown>;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Node's own fetch reads answers with WebAssembly, which is not there with the options that the agent is shipped with. This one asks
 * `http://` addresses, on a connection of their own. Rejects with the signal's reason, or with why there is no answer.
 */
export const fetch = async (url: string | URL, options: Options = {}): Promise<Reply> => {
  const answer = await ask(url, options);
  const status = answer.statusCode ?? 0;
  const read = () => buffer(answer);
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: {get: name => String(answer.headers[name.toLowerCase()] ?? '') || null},
    text: async () => (await read()).toString(),
    json: async () => JSON.parse((await read()).toString()),
    bytes: async () => new Uint8Array(await read()),
  };
};

const ask = (url: string | URL, {method = 'GET', headers = {}, body, signal}: Options) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const call = request(url, {method, headers, agent: false, ...(signal && {signal})}, resolve);
    call.on('error', error => reject(signal?.aborted ? signal.reason : error));
    call.end(body);
  });
