import {type Answer, type Asked, upstream} from './upstream.ts';

interface Question {
  readonly asked: Asked;
  readonly answer: Answer;
  /** one that may see everything */
  readonly token: string | undefined;
  readonly minor: number;
}

const LISTS =
  /^\/v1\/(?:agent\/(?:services|checks)|health\/(?:checks|service|node)\/.*|catalog\/(?:nodes|service\/.*)|kv\/.*)$/;

/**
 * Whether something was left out that the caller may not see, which is only said to callers with a token. With an expression in
 * `filter`: from 1.18 on only among what it selects, before among all (agent/agent_endpoint.go, AgentServices).
 */
export const isFiltered = async (
  {asked, answer, token, minor}: Question,
  signal: AbortSignal,
): Promise<boolean> => {
  const {method, url, headers} = asked;
  if (method !== 'GET' || token === undefined || headers['x-consul-token'] === undefined) return false;
  if (!LISTS.test(url.pathname) || (url.pathname.startsWith('/v1/kv/') && !url.searchParams.has('recurse')))
    return false;
  const all = new URL(url);
  for (const name of ['index', 'wait', 'stale']) all.searchParams.delete(name);
  const one = new URL(all);
  if (minor < 18) for (const each of [all, one]) each.searchParams.delete('filter');
  const count = async (at: URL, as: string): Promise<number> =>
    countOf(await upstream({...asked, url: at, headers: {...headers, 'x-consul-token': as}}, signal));
  const seen =
    minor < 18 && url.searchParams.has('filter')
      ? await count(one, String(headers['x-consul-token']))
      : countOf(answer);
  return (await count(all, token)) > seen;
};

const countOf = ({status, body}: Answer): number => {
  if (status !== 200) return 0;
  const found: unknown = JSON.parse(body.toString());
  return typeof found === 'object' && found !== null ? Object.keys(found).length : 0;
};
