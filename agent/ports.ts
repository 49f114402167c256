/** Every interface to the outside world. Adapters implement them; the runtime gets them from the entries. */
import type {Activation} from './core/host/state.ts';
import type {Reason} from './core/reason.ts';
import type {Release} from './core/release.ts';

// The store ----------------------------------------------------------------------------------------------------------

/** A key's value and its version. A version is opaque: Consul ModifyIndex, S3 ETag, content hash. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly version: string;
}

/** What a compare-and-set expects to find: a version, nothing at all, or whatever there is. */
export type Expected = {readonly version: string} | 'absent' | 'any';

export type PutResult = {readonly ok: true; readonly version: string} | {readonly ok: false};

/** A watch gives the state as it is, then every later state (states in between may be skipped); while it is cut off, each new cause. */
export type WatchUpdate =
  | {readonly type: 'value'; readonly entries: readonly Entry[]}
  | {readonly type: 'lost'; readonly cause: Reason};

/**
 * Keys are paths below the store's prefix (`web/production/desired`), made of [A-Za-z0-9._-] and `/`.
 * Every call throws a `ReasonError` (`store.unreachable`, `store.refused`) and has a deadline of its own.
 */
export interface Store {
  /** what messages call it, without secrets */
  readonly name: string;
  get(key: string, signal: AbortSignal): Promise<Entry | null>;
  /** True while this is the key's version: costs the same however large the value is. */
  isAt(key: string, version: string, signal: AbortSignal): Promise<boolean>;
  put(key: string, value: string, expected: Expected, signal: AbortSignal): Promise<PutResult>;
  /** `false` when the expectation did not hold; deleting what is absent is done. */
  delete(key: string, expected: Expected, signal: AbortSignal): Promise<boolean>;
  /** Every entry whose key begins with the prefix, in order of keys. */
  list(prefix: string, signal: AbortSignal): Promise<readonly Entry[]>;
  /** Ends only when the signal is aborted. A key gives zero or one entries, a prefix (ends with `/`) any number. */
  watch(target: string, signal: AbortSignal): AsyncIterable<WatchUpdate>;
  /** A key that vanishes some time (at most about twice `ttlMs`) after its writer dies. */
  presence(options: PresenceOptions): Presence;
  close(): Promise<void>;
}

export interface PresenceOptions {
  readonly key: string;
  readonly ttlMs: number;
  /** true: the key is this host's own, an older process of it is pushed aside. false: the first holder keeps it. */
  readonly takeOver: boolean;
}

export interface Presence {
  /** Writes the value and keeps the key alive. `false`: another holder has it. */
  set(value: string, signal: AbortSignal): Promise<boolean>;
  /** True while the last `set` succeeded and nothing told us that it was lost since. */
  held(): boolean;
  /** Called each time the key is lost (expired, taken, session gone). `set` again takes it back. */
  onLost(listener: (cause: Reason) => void): void;
  /** Removes the key. */
  release(signal: AbortSignal): Promise<void>;
}

// The stages ---------------------------------------------------------------------------------------------------------

export interface Slot {
  readonly release: Release;
  /** the slot's name: unique for ever on this host, [a-z0-9-] */
  readonly slot: string;
  /** the folder the release appears in, `<stateDir>/slots/<slot>` */
  readonly directory: string;
}

/** Makes a release appear in its slot. One adapter per kind of release. */
export interface Installer {
  /**
   * Prepares the release while the host still serves. Idempotent: a slot that is complete needs no network
   * (after a reboot it only mounts again). Adopts what an interrupted run left. Throws `ReasonError`.
   */
  stage(slot: Slot, signal: AbortSignal): Promise<void>;
  /** Deletes every slot of this kind, and whatever belongs to it, except those kept, the one that serves first. Also what a crash left. */
  prune(keep: readonly Slot[], signal: AbortSignal): Promise<void>;
  /** only where the first read of a file may be slow */
  readonly firstReads?: FirstReads;
}

/** Slots (by name) whose files come from afar when they are read for the first time. */
export interface FirstReads {
  /** True when it is known: false means that it is not so, or not known. */
  areSlow(slot: string): Promise<boolean>;
  /** What the release needs has been read once. */
  over(slot: string): Promise<void>;
}

export interface ActivationRequest extends Slot {
  readonly generation: number;
  readonly previous: Activation | null;
}

/** What runs on this host as observed, for `recover`. */
export interface Observed {
  /** the slot that `current` points at */
  readonly current: string | null;
  /** the application's units or processes are up */
  readonly running: boolean;
}

export interface Activator {
  /** Points `current` at the slot, runs the release's script, restarts the units. Idempotent. Throws `ReasonError`. */
  activate(request: ActivationRequest, signal: AbortSignal): Promise<void>;
  observe(signal: AbortSignal): Promise<Observed>;
  /** Ends the application; not there where somebody else runs it. Throws `ReasonError` when it does not end. */
  end?(): Promise<void>;
}

/** One way to leave traffic. Several are combined into one. Both calls are idempotent and throw `ReasonError`. */
export interface Traffic {
  leave(signal: AbortSignal): Promise<void>;
  rejoin(signal: AbortSignal): Promise<void>;
  /**
   * Takes out of traffic what came into it since `leave`; not there where leaving lasts. Quick when there is nothing to do. An abort ends
   * its looking; a change that is under way is ended first, before it gives back.
   */
  keepOut?(signal: AbortSignal): Promise<void>;
  /** Why those who send traffic send this host none (yet); null once they can. Not there where `rejoin` makes sure of it. */
  hiddenBy?(signal: AbortSignal): Promise<Reason | null>;
}

export interface Drain {
  /** Returns when no request is outstanding, or at the deadline with the peers (`address:port`) that were still busy. */
  wait(
    options: {readonly timeoutMs: number},
    signal: AbortSignal,
  ): Promise<{readonly cut: readonly string[]}>;
}

export interface Gate {
  /** Returns after the configured number of consecutive passes; throws `gate.failed` at the deadline. */
  pass(options: {readonly timeoutMs: number}, signal: AbortSignal): Promise<void>;
  /** Watches probes and restarts for the bake time; throws `bake.failed` at the first sign of problem that stays. */
  bake(options: {readonly forMs: number}, signal: AbortSignal): Promise<void>;
}

/** Takes what one user (an EC2 action, an adapter) waits for while it keeps trying, again and again; null once it goes on. */
export type ReportBlocker = (user: string, cause: Reason | null) => void;

// The host -----------------------------------------------------------------------------------------------------------

export interface Identity {
  readonly instance: string;
  readonly zone: string;
  readonly region: string;
  readonly account: string;
}

export interface Log {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warning(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
}

export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;
