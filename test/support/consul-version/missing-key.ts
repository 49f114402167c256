import {performance} from 'node:perf_hooks';
import {type Answer, type Asked, upstream} from './upstream.ts';

/** An answer sooner than that says that the index asked with was not the newest: later versions answer that at once, too (GH-12363). */
const AT_ONCE_MS = 20;

/** A blocking query for a key that is not there answers once it is, or in the end; 1.8 answers at every write to any key. */
export const blockWhileMissing = async (asked: Asked, signal: AbortSignal): Promise<Answer> => {
  const wait = Number(/^(\d+)ms$/.exec(asked.url.searchParams.get('wait') ?? '')?.[1]);
  if (!(wait > 0) || (await upstream(at(asked, {}), signal)).status !== 404) return upstream(asked, signal);
  const began = performance.now();
  let answer = await upstream(asked, signal);
  if (performance.now() - began < AT_ONCE_MS) return answer;
  while (answer.status === 404 && !signal.aborted) {
    const left = Math.round(wait - (performance.now() - began));
    if (left <= 0) break;
    const since = {index: String(answer.headers['x-consul-index']), wait: `${left}ms`};
    answer = await upstream(at(asked, since), signal);
  }
  return answer;
};

/** The same question, blocking since an index or not at all. */
const at = (asked: Asked, since: Readonly<Record<string, string>>): Asked => {
  const url = new URL(asked.url);
  for (const name of ['index', 'wait']) url.searchParams.delete(name);
  for (const [name, value] of Object.entries(since)) url.searchParams.set(name, value);
  return {...asked, url};
};
