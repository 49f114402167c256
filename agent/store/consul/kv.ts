import * as v from 'valibot';
import type {ConsulReply} from '../../consul/consul.ts';
import {failureOf} from '../../consul/error.ts';
import type {Entry, PutResult} from '../../ports.ts';
import type {Write} from '../adapter.ts';
import {byKey, isKey, refused, unreachable} from '../key.ts';
import {type ConsulHttp, reasonOf} from './http.ts';

/** `stale`: any server answers, without a leader too. `default`: the leader. `consistent`: a leader that makes sure it is one. */
export type Consistency = 'stale' | 'default' | 'consistent';

export interface LockableEntry extends Entry {
  /** the session that holds the key */
  readonly session?: string;
}

export interface KvReading {
  readonly entries: readonly LockableEntry[];
  readonly index: number;
  /** how long ago the server that answered heard of a leader, ms; infinite when it knows of none */
  readonly behindMs: number;
}

export interface KvQuery {
  /** a key, or a prefix when `recurse` */
  readonly path: string;
  readonly recurse: boolean;
  readonly consistency: Consistency;
  /** makes it a blocking query: answers when something newer than `index` is there, or after `waitMs` */
  readonly since?: {readonly index: number; readonly waitMs: number};
}

export interface Kv {
  read(query: KvQuery, signal: AbortSignal): Promise<KvReading>;
  /** Asks a leader that makes sure it is one. */
  isAt(key: string, version: string, signal: AbortSignal): Promise<boolean>;
  put(write: Write, signal: AbortSignal): Promise<PutResult>;
  delete(key: string, version: string | 'any', signal: AbortSignal): Promise<boolean>;
  /** Writes the key and locks it for the session. */
  acquire(lock: KvLock, signal: AbortSignal): Promise<LockOutcome>;
  /** Takes the lock from the session `from`, which has it, so that the key is there all the time. */
  handOver(lock: KvLock & {readonly from: string}, signal: AbortSignal): Promise<LockOutcome>;
  /** Deletes the key if the session has it locked; else it is not the session's, and stays as it is. */
  removeLocked(lock: Omit<KvLock, 'value'>, signal: AbortSignal): Promise<void>;
}

export type LockOutcome = 'held' | 'taken' | 'no session';

export interface KvLock {
  readonly key: string;
  readonly value: string;
  readonly session: string;
}

/** A session's id, which becomes part of a path. */
export const sessionIdSchema = v.pipe(v.string(), v.uuid());

const modifyIndex = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const ENTRIES = v.array(
  v.object({
    Key: v.string(),
    Value: v.nullable(v.string()),
    ModifyIndex: modifyIndex,
    Session: v.optional(sessionIdSchema),
  }),
);
const WRITTEN = v.object({Results: v.tuple([v.object({KV: v.object({ModifyIndex: modifyIndex})})])});
const CONFLICT = v.object({Errors: v.array(v.object({What: v.string()}))});
const INDEX = /^[1-9][0-9]{0,15}$/;

/** Consul's key-value store below `prefix`. Versions are ModifyIndex; locks are advisory, any plain write ignores them. */
export const consulKv = (http: ConsulHttp, prefix: string): Kv => {
  const pathOf = (key: string): string => `/v1/kv/${prefix}/${key}`;
  return {
    read: async ({path, recurse, consistency, since}, signal) => {
      const query = {
        ...(recurse && {recurse: ''}),
        ...(consistency !== 'default' && {[consistency]: ''}),
        // an index must be greater than 0, or the query would not block
        ...(since && {index: String(Math.max(1, since.index)), wait: `${Math.round(since.waitMs)}ms`}),
      };
      const wait = since && {waitMs: since.waitMs};
      const reply = await http.send({method: 'GET', path: pathOf(path), query, ...wait}, signal);
      return {
        entries: reply.status === 404 ? [] : entriesOf(http.name, {prefix, path}, reply),
        index: reply.index,
        behindMs: reply.behindMs,
      };
    },
    isAt: async (key, version, signal) => {
      if (!INDEX.test(version)) return false;
      const operation = {Verb: 'check-index', Key: `${prefix}/${key}`, Index: Number(version)};
      const body = JSON.stringify([{KV: operation}]);
      const read = {method: 'PUT', path: '/v1/txn', query: {consistent: ''}, body, repeatable: true} as const;
      return isSame(http.name, await http.send({...read, accept: [409]}, signal));
    },
    put: async (write, signal) => {
      const operation = operationOf(`${prefix}/${write.key}`, write);
      if (!operation) return {ok: false};
      const body = JSON.stringify([{KV: operation}]);
      const reply = await http.send({method: 'PUT', path: '/v1/txn', body, accept: [409]}, signal);
      return writtenOf(http.name, reply);
    },
    delete: async (key, version, signal) => {
      if (version !== 'any' && !INDEX.test(version)) return false;
      const query = version === 'any' ? {} : {cas: version};
      return isTrue(http.name, await http.send({method: 'DELETE', path: pathOf(key), query}, signal));
    },
    acquire: async ({key, value, session}, signal) => {
      const lock = {method: 'PUT', path: pathOf(key), query: {acquire: session}, body: value} as const;
      const reply = await http.send({...lock, accept: [500]}, signal);
      if (reply.status === 500) {
        if (/invalid session|failed session lookup/.test(reply.text)) return 'no session';
        throw reasonOf(http.name, failureOf(reply));
      }
      return isTrue(http.name, reply) ? 'held' : 'taken';
    },
    handOver: async ({key, value, session, from}, signal) => {
      const entry = {Key: `${prefix}/${key}`, Value: Buffer.from(value).toString('base64')};
      const operations = [
        {KV: {Verb: 'unlock', ...entry, Session: from}},
        {KV: {Verb: 'lock', ...entry, Session: session}},
      ];
      const body = JSON.stringify(operations);
      const reply = await http.send({method: 'PUT', path: '/v1/txn', body, accept: [409]}, signal);
      return reply.status === 200 ? 'held' : whyNotHandedOver(http.name, reply);
    },
    removeLocked: async ({key, session}, signal) => {
      const Key = `${prefix}/${key}`;
      const operations = [{KV: {Verb: 'check-session', Key, Session: session}}, {KV: {Verb: 'delete', Key}}];
      const body = JSON.stringify(operations);
      const reply = await http.send({method: 'PUT', path: '/v1/txn', body, accept: [409]}, signal);
      if (reply.status === 409) requireNotLocked(http.name, reply);
    },
  };
};

/** Entries as the port has them, without their locks. */
export const plain = (entries: readonly LockableEntry[]): Entry[] =>
  entries.map(({key, value, version}) => ({key, value, version}));

/** Reads an answer as JSON of a known shape; anything else throws `store.unreachable`, as it does not come from Consul. */
export const jsonOf = <T>(store: string, schema: v.GenericSchema<unknown, T>, {text}: ConsulReply): T => {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (error) {
    throw unreachable(store, 'an answer that is not of the expected form', {cause: error});
  }
};

// The interface's own pages leave keys that end with a slash, as folders; they are no keys of ours.
const entriesOf = (
  store: string,
  {prefix, path}: {readonly prefix: string; readonly path: string},
  reply: ConsulReply,
): LockableEntry[] => {
  const folder = path.lastIndexOf('/') + 1; // up to there a key is as it was asked for, and thousands are looked at in one go
  return jsonOf(store, ENTRIES, reply)
    .map(({Key, Value, ModifyIndex, Session}) => ({
      key: Key.slice(prefix.length + 1),
      value: Buffer.from(Value ?? '', 'base64').toString('utf8'),
      version: String(ModifyIndex),
      ...(Session !== undefined && {session: Session}),
    }))
    .filter(({key}) => isKey(key.slice(folder)))
    .sort(byKey);
};

// A transaction of one, because unlike a plain PUT it answers with the ModifyIndex of this very write.
const operationOf = (path: string, {value, expected}: Write): object | undefined => {
  const write = {Key: path, Value: Buffer.from(value).toString('base64')};
  if (expected === 'any') return {Verb: 'set', ...write};
  if (expected === 'absent') return {Verb: 'cas', Index: 0, ...write};
  return INDEX.test(expected.version) ? {Verb: 'cas', Index: Number(expected.version), ...write} : undefined;
};

const writtenOf = (store: string, reply: ConsulReply): PutResult => {
  if (reply.status === 200) {
    const [{KV}] = jsonOf(store, WRITTEN, reply).Results;
    return {ok: true, version: String(KV.ModifyIndex)};
  }
  const said = jsonOf(store, CONFLICT, reply).Errors.map(({What}) => What);
  if (said.every(text => /index is stale|key .*exists/i.test(text))) return {ok: false};
  throw refused(store, said.join('; '));
};

const isSame = (store: string, reply: ConsulReply): boolean => {
  if (reply.status === 200) return true;
  const said = jsonOf(store, CONFLICT, reply).Errors.map(({What}) => What);
  if (said.every(text => /index|doesn't exist/i.test(text))) return false;
  throw refused(store, said.join('; '));
};

const whyNotHandedOver = (store: string, reply: ConsulReply): LockOutcome => {
  const said = jsonOf(store, CONFLICT, reply).Errors.map(({What}) => What);
  if (said.some(text => /invalid session|failed session lookup/i.test(text))) return 'no session';
  if (said.every(text => /failed to (un)?lock key/i.test(text))) return 'taken';
  throw refused(store, said.join('; '));
};

const requireNotLocked = (store: string, reply: ConsulReply): void => {
  const said = jsonOf(store, CONFLICT, reply).Errors.map(({What}) => What);
  if (!said.every(text => /failed session check|failed to check session/i.test(text)))
    throw refused(store, said.join('; '));
};

const isTrue = (store: string, reply: ConsulReply): boolean => {
  const text = reply.text.trim();
  if (text !== 'true' && text !== 'false')
    throw unreachable(store, 'an answer that is neither true nor false');
  return text === 'true';
};
