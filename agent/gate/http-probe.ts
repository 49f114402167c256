import {httpCall} from '../host/http/http.ts';
import type {Probe} from './probe.ts';

const LIMIT = 65_536;
const FIRST_LINE = 80;

/** Passes on a 2xx answer read to its end (or to 64 KiB); a redirect is not followed and does not pass. */
export const httpProbe = ({url, timeoutMs}: {readonly url: string; readonly timeoutMs: number}): Probe => {
  const {origin, pathname, search} = new URL(url);
  const call = {
    base: origin,
    path: `${pathname}${search}`,
    timeoutMs,
    maxBytes: LIMIT,
    overflow: 'cut',
  } as const;
  return {
    name: `http ${origin}${pathname}`,
    check: async signal => {
      const {status, body} = await httpCall(call, signal);
      if (status >= 200 && status < 300) return {ok: true};
      const line = (body.trim().split('\n', 1)[0] ?? '').replace(/\p{Cc}/gu, ' ').slice(0, FIRST_LINE);
      return {
        ok: false,
        refused: true,
        last: line === '' || line.startsWith('<') ? `HTTP ${status}` : `HTTP ${status}: ${line}`,
      };
    },
  };
};
