import * as v from 'valibot';
import {quote} from '../../core/quote.ts';
import {type Reason, reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {Identity} from '../../ports.ts';
import {httpCall} from '../http/http.ts';
import {persist} from './persist.ts';

export interface Imds {
  /** Who this instance is, from its identity document; asked once, then remembered. */
  identity(signal: AbortSignal): Promise<Identity>;
  /** The keys of the instance's tags, null when it shows none to IMDS: that is off by default. */
  tagKeys(signal: AbortSignal): Promise<readonly string[] | null>;
  /** An instance tag, null when IMDS shows none of this name. */
  tag(key: string, signal: AbortSignal): Promise<string | null>;
  /** The text at a path below `/latest/` (`meta-data/instance-id`), null for a 404. */
  get(path: string, signal: AbortSignal): Promise<string | null>;
}

export interface ImdsOptions {
  /** `http://169.254.169.254` */
  readonly base: string;
  readonly timeoutMs?: number;
  readonly tries?: number;
  /** how long a token is asked to live; EC2 allows 1 to 21600 */
  readonly tokenSeconds?: number;
}

const LIMIT = 65_536;
/** EC2 counts a token's life from its own clock: a cached one is renewed when nine tenths of it are over. */
const USABLE_SHARE = 0.9;
const TOKEN = /^[\x21-\x7e]{1,1024}$/;
const TAG_KEY = /^[A-Za-z0-9+=.,_:@-]{1,128}$/;

/**
 * An IMDSv2 client: never IMDSv1, one cached token, refreshed once on a 401, bounded tries with jitter. Throws
 * `imds.unreachable` (no answer, 5xx), `imds.refused` (403 means switched off), `imds.answer` (not what it should be).
 */
export const createImds = ({
  base,
  timeoutMs = 1_000,
  tries = 5,
  tokenSeconds = 21_600,
}: ImdsOptions): Imds => {
  let token: {readonly text: string; readonly until: number} | null = null;
  let known: Identity | null = null;

  const ask = (path: string, method: 'GET' | 'PUT', headers: Record<string, string>, signal: AbortSignal) =>
    persist(
      base,
      {path, tries},
      () => httpCall({base, path, method, headers, timeoutMs, maxBytes: LIMIT}, signal),
      signal,
    );

  const fetchToken = async (signal: AbortSignal): Promise<string> => {
    const ttl = {'x-aws-ec2-metadata-token-ttl-seconds': String(tokenSeconds)};
    const asked = Date.now();
    const {status, body} = await ask('/latest/api/token', 'PUT', ttl, signal);
    if (status !== 200) throw refused('/latest/api/token', status);
    if (!TOKEN.test(body)) throw unexpected('/latest/api/token', 'a token', `${body.length} characters`);
    token = {text: body, until: asked + tokenSeconds * 1000 * USABLE_SHARE};
    return body;
  };

  const get = async (path: string, signal: AbortSignal): Promise<string | null> => {
    const full = `/latest/${path.replace(/^\/+/, '')}`;
    const send = async (text: string) => ask(full, 'GET', {'x-aws-ec2-metadata-token': text}, signal);
    let answer = await send(token && Date.now() < token.until ? token.text : await fetchToken(signal));
    if (answer.status === 401) answer = await send(await fetchToken(signal));
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw refused(full, answer.status);
    return answer.body;
  };

  return {
    get,
    identity: async signal => {
      known ??= readIdentity(await get('dynamic/instance-identity/document', signal));
      return known;
    },
    tagKeys: async signal => {
      const keys = await get('meta-data/tags/instance', signal);
      return keys?.split('\n').filter(key => key !== '') ?? null;
    },
    tag: (key, signal) => readTag(get, key, signal),
  };
};

const readTag = async (get: Imds['get'], key: string, signal: AbortSignal): Promise<string | null> => {
  if (!TAG_KEY.test(key)) throw unexpected('tags/instance', 'a tag name IMDS can show', quote(key));
  // as it is: each of these characters may stand in a path, and nobody says that IMDS decodes
  const value = await get(`meta-data/tags/instance/${key}`, signal);
  if (value !== null && value.length > 256)
    throw unexpected(key, 'at most 256 characters', `${value.length}`);
  return value;
};

const DOCUMENT = v.object({
  instanceId: v.pipe(v.string(), v.regex(/^i-[0-9a-f]{8,17}$/)),
  availabilityZone: v.pipe(v.string(), v.regex(/^[a-z0-9-]{3,40}$/)),
  region: v.pipe(v.string(), v.regex(/^[a-z0-9-]{3,30}$/)),
  accountId: v.pipe(v.string(), v.regex(/^\d{12}$/)),
});

const readIdentity = (text: string | null): Identity => {
  const path = 'dynamic/instance-identity/document';
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), DOCUMENT), text);
  if (!read.success) {
    const [issue] = read.issues;
    throw unexpected(
      path,
      `${v.getDotPath(issue) ?? 'a document'}: ${issue.expected ?? 'JSON'}`,
      issue.received,
    );
  }
  const {instanceId, availabilityZone, region, accountId} = read.output;
  return {instance: instanceId, zone: availabilityZone, region, account: accountId};
};

const refused = (path: string, status: number): ReasonError =>
  new ReasonError(reason('imds.refused', {path, status}));

const unexpected = (path: string, expected: string, got: string): ReasonError => {
  const why: Reason = reason('imds.answer', {path, expected, got});
  return new ReasonError(why);
};
