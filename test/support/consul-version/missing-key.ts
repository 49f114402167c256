import {performance} from 'node:perf_hooks';
import {type Answer, type Asked, upstream} from './upstream.ts';

/** An answer sooner than that says that the index asked with was not the newest: later versions answer that at once, too (GH-12363). */
const AT_ONCE_MS = 20;

/** A blocking query for a key that is not there answers once it is, or in the end; 1.8 answers at every write to any key. */
export const blockWhileMissing = async (asked: Asked, signal: AbortSignal): Promise<Answer> => {
  const wait = Number(/^(\d+)ms$/.exec(asked.url.searchParams.get('wait') ?? '')?.[1]);
  const began = performance.now();
  let answer = await upstream(asked, signal);
  if (!(wait > 0) || performance.now() - began < AT_ONCE_MS) return answer;
  while (answer.status === 404 && !signal.aborted) {
    const left = Math.round(wait - (performance.now() - began));
    if (left <= 0) break;
    const url = new URL(asked.url);
    url.searchParams.set('index', String(answer.headers['x-consul-index']));
    url.searchParams.set('wait', `${left}ms`);
    answer = await upstream({...asked, url}, signal);
  }
  return answer;
};
