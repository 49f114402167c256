import {request} from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface RequestOptions {
  readonly method: 'GET' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** bytes; a longer body is an error, never a cut answer */
  readonly limit: number;
}

/** One HTTP exchange with a whole-exchange timeout. Throws a plain error for anything but a complete answer. */
export const exchange = (
  url: URL,
  {method, headers, timeoutMs, limit}: RequestOptions,
  signal: AbortSignal,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const both = AbortSignal.any([signal, deadline]);
    const fail = (error: Error) =>
      reject(deadline.aborted && !signal.aborted ? new Error(`no answer in ${timeoutMs} ms`) : error);
    // `agent: false`: metadata is asked a few times per boot, a kept connection would only go stale
    const call = request(url, {method, headers, agent: false, signal: both}, response => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > limit) call.destroy(new Error(`the answer is over ${limit} bytes`));
        chunks.push(chunk);
      });
      response.on('end', () => {
        if (!response.complete) return reject(new Error('the answer was cut off'));
        resolve({status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8')});
      });
      response.on('error', fail);
    });
    call.on('error', fail);
    call.end();
  });
