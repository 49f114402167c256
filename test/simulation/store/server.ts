/** The store's servers: keys with versions and sessions, who waits for what, and what all of it costs. */
import type {Entry, Expected, PutResult} from '../../../agent/ports.ts';
import type {Timeline} from '../timeline.ts';
import {createFolders, folderOf} from './folders.ts';

export interface Session {
  /** without a renewal for so long it ends: between its TTL and twice that, ms */
  readonly lastsMs: number;
  /** true while whoever made it renews it */
  readonly isRenewed: () => boolean;
  /** when it was renewed last */
  seenAt: number;
}

interface Stored extends Entry {
  readonly session: Session | null;
}

/** What a snapshot of the store holds. */
export interface Snapshot {
  readonly entries: ReadonlyMap<string, Stored>;
  readonly sessions: ReadonlySet<Session>;
}

export interface Write {
  readonly key: string;
  readonly value: string;
  readonly expected: Expected;
  readonly session?: Session;
  /** who writes, for those who watch the run */
  readonly by: string;
}

export type Health = 'up' | 'down' | 'leaderless';

export interface Server {
  health: Health;
  get(key: string): Entry | null;
  /** the entries of a key, or of a folder (ends with `/`), in order of keys */
  read(target: string): readonly Entry[];
  put(write: Write): PutResult;
  delete(key: string, expected: Expected): boolean;
  /** grows with each change of a key or folder */
  mark(target: string): number;
  /** Calls back once when the target changes, or the servers are up no more. */
  wait(target: string, wake: () => void): () => void;
  begin(session: Session): void;
  isAlive(session: Session): boolean;
  sessions(): Iterable<Session>;
  /** The session's keys vanish. */
  end(session: Session): void;
  /** the session that holds a key */
  holder(key: string): Session | null;
  snapshot(): Snapshot;
  restore(snapshot: Snapshot): void;
  turn(health: Health): void;
  /** when the servers were not up, the latest last; `to` is null while they are not */
  readonly outages: {readonly from: number; to: number | null}[];
  /** told of every write that succeeded */
  onWrite(listener: (write: Write, before: Entry | null) => void): void;
  onDelete(listener: (key: string) => void): void;
  onRestore(listener: () => void): void;
}

/** Makes the servers, empty and up. */
export const createServer = (timeline: Timeline): Server => {
  let entries = new Map<string, Stored>();
  let sessions = new Set<Session>();
  let index = 100;
  const marks = new Map<string, number>();
  const folders = createFolders();
  const waiting = new Map<string, Set<() => void>>();
  const writers: ((write: Write, before: Entry | null) => void)[] = [];
  const restorers: (() => void)[] = [];
  const deleters: ((key: string) => void)[] = [];
  let epoch = 0;

  const wake = (target: string): void => {
    const waiters = waiting.get(target);
    if (!waiters) return;
    waiting.delete(target);
    for (const waiter of waiters) waiter();
  };
  const changed = (key: string): void => {
    const folder = folderOf(key);
    for (const target of [key, folder]) {
      marks.set(target, (marks.get(target) ?? 0) + 1);
      wake(target);
    }
  };
  const holds = (key: string, expected: Expected): boolean => {
    if (expected === 'any') return true;
    const there = entries.get(key);
    return expected === 'absent' ? there === undefined : there?.version === expected.version;
  };
  const remove = (key: string): void => {
    entries.delete(key);
    folders.remove(key);
    for (const deleter of deleters) deleter(key);
    index += 1;
    changed(key);
  };
  const server: Server = {
    health: 'up',
    get: key => entries.get(key) ?? null,
    read: target => {
      if (target.endsWith('/')) return folders.read(target);
      const entry = entries.get(target);
      return entry ? [entry] : [];
    },
    put: write => {
      const {key, value, expected, session = null} = write;
      if (!holds(key, expected)) return {ok: false};
      const before = entries.get(key) ?? null;
      if (before?.value === value && before.session === session) return {ok: true, version: before.version};
      index += 1;
      const entry = {key, value, version: String(index), session};
      entries.set(key, entry);
      folders.set(entry);
      changed(key);
      for (const writer of writers) writer(write, before);
      return {ok: true, version: String(index)};
    },
    delete: (key, expected) => {
      if (!entries.has(key)) return true;
      if (!holds(key, expected)) return false;
      remove(key);
      return true;
    },
    mark: target => (marks.get(target) ?? 0) + epoch * 1e9,
    wait: (target, waiter) => {
      const waiters = waiting.get(target) ?? new Set();
      waiting.set(target, waiters.add(waiter));
      return () => void waiters.delete(waiter);
    },
    begin: session => {
      session.seenAt = timeline.now();
      sessions.add(session);
    },
    isAlive: session => sessions.has(session),
    sessions: () => sessions,
    end: session => {
      if (!sessions.delete(session)) return;
      for (const {key, session: held} of [...entries.values()]) if (held === session) remove(key);
    },
    holder: key => entries.get(key)?.session ?? null,
    snapshot: () => ({entries: new Map(entries), sessions: new Set(sessions)}),
    restore: snapshot => {
      entries = new Map(snapshot.entries);
      sessions = new Set(snapshot.sessions);
      for (const session of sessions) session.seenAt = timeline.now();
      index += 10; // raft goes on from the last index there was
      epoch += 1;
      folders.fill(entries.values());
      for (const listener of restorers) listener();
      for (const target of [...waiting.keys()]) wake(target);
    },
    outages: [],
    turn: health => {
      server.health = health;
      const last = server.outages.at(-1);
      if (last && last.to === null) last.to = timeline.now();
      if (health !== 'up') server.outages.push({from: timeline.now(), to: null});
      for (const session of sessions) session.seenAt = timeline.now();
      for (const target of [...waiting.keys()]) wake(target);
    },
    onWrite: listener => void writers.push(listener),
    onDelete: listener => void deleters.push(listener),
    onRestore: listener => void restorers.push(listener),
  };
  return server;
};
