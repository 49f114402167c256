import {httpCall} from '../../host/http/http.ts';

const TIMEOUT_MS = 1_000;
const LONGEST = 64;

/**
 * Asks an application how many requests it has in flight: `url` answers 2xx with a whole number and nothing else, its own
 * request not counted. Gives null when it does not answer so; only the signal's own error is thrown.
 */
export const readCounter = async (url: string, signal: AbortSignal): Promise<number | null> => {
  const {origin, pathname, search} = new URL(url);
  const call = {base: origin, path: `${pathname}${search}`, timeoutMs: TIMEOUT_MS, maxBytes: LONGEST};
  try {
    const {status, body} = await httpCall(call, signal);
    return status >= 200 && status < 300 && /^\s*\d{1,9}\s*$/.test(body) ? Number(body) : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
};
