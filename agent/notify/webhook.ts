/** Events of a fleet as HTTP POSTs. An address is a secret: neither it nor a part of it is ever in what is said of it. */
import {readFile} from 'node:fs/promises';
import type {WebhookSettings} from '../config/settings.ts';
import type {EventKind, FleetEvent} from '../core/fleet/telling/event.ts';
import {printable} from '../core/printable.ts';
import {type HttpCall, httpCall} from '../host/http/http.ts';
import {addressOf, hide} from './address.ts';
import {bodyOf, type Fleet} from './body.ts';
import {retryAfterMs} from './retry-after.ts';

/** What became of one try. `again`: it may go well later; `afterMs`: not before this long, when the other side said so. */
export type Posted =
  | {readonly sent: true}
  | {readonly sent: false; readonly cause: string; readonly again: boolean; readonly afterMs: number | null};

export interface Webhook {
  readonly name: string;
  readonly kinds: ReadonlySet<EventKind>;
  /** Tries once, for ten seconds at most. Throws only the signal's own error. */
  post(event: FleetEvent, signal: AbortSignal): Promise<Posted>;
}

const TIMEOUT_MS = 10_000;
const ANSWER_LIMIT = 10_000;
const SAID_LIMIT = 100;

/** A webhook as it is configured. Its files are read with each try, so that replacing them needs no restart. */
export const createWebhook = (settings: WebhookSettings, fleet: Fleet): Webhook => ({
  name: settings.name,
  kinds: new Set(settings.events),
  post: async (event, signal) => {
    try {
      return await post(settings, bodyOf(settings.format, event, fleet), signal);
    } catch (error) {
      signal.throwIfAborted();
      return failed(error instanceof Error ? error.message : String(error));
    }
  },
});

// What fails here may be mended while it is tried: a file, a name, a server.
const failed = (cause: string): Posted => ({sent: false, cause, again: true, afterMs: null});

const post = async (settings: WebhookSettings, body: string, signal: AbortSignal): Promise<Posted> => {
  const {url, caFile} = {url: await addressOf(settings), caFile: settings.caFile};
  const ca = caFile === undefined ? {} : {ca: await readFile(caFile, 'utf8')};
  const call: HttpCall = {
    base: url.origin,
    path: `${url.pathname}${url.search}`,
    method: 'POST',
    headers: {'content-type': 'application/json; charset=utf-8', 'user-agent': 'release-agent'},
    ...{body, timeoutMs: TIMEOUT_MS, maxBytes: ANSWER_LIMIT, overflow: 'cut', tls: ca},
  };
  try {
    const {status, headers, body: said} = await httpCall(call, signal);
    if (status >= 200 && status < 300) return {sent: true};
    const text = hide(printable(said.trim(), SAID_LIMIT), url);
    const cause = text === '' ? `HTTP ${status}` : `HTTP ${status}: ${text}`;
    return {
      sent: false,
      cause,
      again: isPassing(status),
      afterMs: retryAfterMs(headers['retry-after'], Date.now()),
    };
  } catch (error) {
    signal.throwIfAborted();
    return failed(hide(error instanceof Error ? error.message : String(error), url));
  }
};

// Too early, too many, or a server that is not well; what else it says is said of the request, and stays so.
const isPassing = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status);
