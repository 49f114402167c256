import {request} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';

const PAUSE_MS = 100;
const PAUSE_LIMIT_MS = 2_000;

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

/** Repeats an exchange while nothing comes back or the service answers 429 or 5xx; full jitter between the tries. Throws `imds.unreachable`. */
export const persist = async (
  base: string,
  {path, tries}: {path: string; tries: number},
  attempt: () => Promise<Answer>,
  signal: AbortSignal,
): Promise<Answer> => {
  let cause = '';
  for (let n = 0; n < tries; n++) {
    if (n > 0) await sleep(Math.random() * Math.min(PAUSE_LIMIT_MS, PAUSE_MS * 2 ** n), undefined, {signal});
    signal.throwIfAborted();
    try {
      const answer = await attempt();
      if (answer.status !== 429 && answer.status < 500) return answer;
      cause = `it answers ${answer.status} to ${path}`;
    } catch (error) {
      signal.throwIfAborted();
      cause = error instanceof Error ? error.message : String(error);
    }
  }
  throw new ReasonError(reason('imds.unreachable', {url: base, cause}));
};
