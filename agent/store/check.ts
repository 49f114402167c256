import {access, constants} from 'node:fs/promises';
import type {StoreSettings} from '../config/settings.ts';
import type {Keys} from '../core/keys.ts';
import type {Reason} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import {isMissing} from '../host/missing.ts';
import {openConsulHttp} from './consul/http.ts';
import {consulKv, type Kv} from './consul/kv.ts';
import {consulSessions, type Sessions} from './consul/session.ts';
import {refused} from './key.ts';

interface Parts {
  readonly settings: StoreSettings;
  readonly keys: Keys;
  /** it has webhooks: what people were told is kept in the store */
  readonly tells?: boolean;
}

/** What did not work, and why. */
export interface Blocker {
  readonly tried: string;
  readonly cause: Reason;
}

/** Stands for a host in keys and in the names of sessions. */
const HOST = 'agentctl-check';
/** No write to the store ever has this version: a delete that expects it needs the right to write and changes nothing. */
const NEVER = '1';
const SESSION_TTL_MS = 10_000;

/**
 * Tries everything that a host does with its store, leaves nothing behind, and gives the first thing that did not work. With
 * Consul each right is tried with a key of its own: a list that the token may not read looks empty before Consul 1.11.
 */
export const checkStore = async (
  {settings, keys, tells = false}: Parts,
  signal: AbortSignal,
): Promise<Blocker | null> => {
  if (settings.kind === 'directory') return firstOf([useFolder(settings.path)], signal);
  const http = openConsulHttp(settings);
  try {
    const kv = consulKv(http, settings.prefix);
    const written = [
      keys.ledger,
      keys.notice,
      keys.members,
      keys.coordinator,
      keys.host(HOST),
      keys.call(HOST),
      keys.rollout(0),
      ...(tells ? [keys.told] : []),
    ];
    const attempts = [
      ...[keys.desired, keys.policy, keys.freeze, keys.lock, ...written, keys.hosts].map(key =>
        readKey(kv, key),
      ),
      ...written.map(key => writeKey(kv, key)),
      makeSession(consulSessions(http)),
    ];
    return await firstOf(attempts, signal);
  } finally {
    http.close();
  }
};

/**
 * The keys that the host's token may write though only operators should: an empty list when it may not, when there is none, and
 * when that could not be tried.
 */
export const surplusOf = async ({settings, keys}: Parts, signal: AbortSignal): Promise<readonly string[]> => {
  if (settings.kind === 'directory' || settings.tokenFile === undefined) return [];
  const http = openConsulHttp(settings);
  try {
    const kv = consulKv(http, settings.prefix);
    const surplus: string[] = [];
    for (const key of [keys.desired, keys.policy, keys.freeze, keys.lock])
      if ((await firstOf([writeKey(kv, key)], signal)) === null) surplus.push(key);
    return surplus;
  } finally {
    http.close();
  }
};

type Attempt = readonly [tried: string, attempt: (signal: AbortSignal) => Promise<unknown>];

const firstOf = async (attempts: readonly Attempt[], signal: AbortSignal): Promise<Blocker | null> => {
  for (const [tried, attempt] of attempts) {
    try {
      await attempt(signal);
    } catch (error) {
      return {tried, cause: reasonOf(error)};
    }
  }
  return null;
};

const readKey = (kv: Kv, path: string): Attempt => [
  `to read ${path}`,
  signal => kv.read({path, recurse: path.endsWith('/'), consistency: 'consistent'}, signal),
];

const writeKey = (kv: Kv, key: string): Attempt => [
  `to write ${key}`,
  signal => kv.delete(key, NEVER, signal),
];

const makeSession = (sessions: Sessions): Attempt => [
  'to make a session',
  async signal => {
    const session = {name: `release-agent ${HOST}`, ttlMs: SESSION_TTL_MS};
    await sessions.destroy(await sessions.create(session, signal), signal);
  },
];

// A folder that is not there yet is made by the agent.
const useFolder = (path: string): Attempt => [
  'to use the folder',
  async () => {
    try {
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      if (!isMissing(error)) throw refused(`file://${path}`, (error as Error).message);
    }
  },
];
