import {setTimeout as sleep} from 'node:timers/promises';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {HttpAnswer} from '../http/http.ts';
import {backoff} from '../pause.ts';

const PAUSE_MS = 100;
const PAUSE_LIMIT_MS = 2_000;

/** Repeats a call while nothing comes back or the service answers 429 or 5xx; full jitter between the tries. Throws `imds.unreachable`. */
export const persist = async (
  base: string,
  {path, tries}: {path: string; tries: number},
  attempt: () => Promise<HttpAnswer>,
  signal: AbortSignal,
): Promise<HttpAnswer> => {
  let cause = '';
  for (let n = 0; n < tries; n++) {
    if (n > 0)
      await sleep(backoff({tries: n, baseMs: PAUSE_MS, capMs: PAUSE_LIMIT_MS, jitter: 1}), undefined, {
        signal,
      });
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
