/**
 * The control sockets' words: one JSON request per connection, one JSON response, both closed by the end of the stream.
 * `control.sock` is for looking, `operate.sock` for changing as well (docs/decisions/0022-two-sockets.md).
 * The daemon implements `Controls`; agentctl is a thin client.
 */
import type {Hold, Phase, Purpose} from '../core/host/state.ts';
import type {Reason} from '../core/reason.ts';

/** Bytes of one request, and of one response. */
export const REQUEST_LIMIT = 65_536;
export const RESPONSE_LIMIT = 1_048_576;

/** A reason as it travels over the socket: rendered by the agent, so that an older agentctl can show a newer reason. */
export interface Told {
  readonly kind: string;
  readonly text: string;
}

/** A release that runs, ran or is on its way. `release` is the id as operators write it. */
export interface Running {
  readonly release: string;
  readonly generation: number;
}

/** The ledger as this host last saw it. */
export interface FleetReport {
  readonly proven: string | null;
  readonly previous: string | null;
  readonly rollout: {readonly release: string; readonly version: string} | null;
  readonly permits: readonly {readonly host: string; readonly release: string; readonly since: number}[];
  readonly failures: readonly {readonly host: string; readonly text: string}[];
  readonly blocked: Told | null;
}

/** What runs here, what should, and why they differ. Times are milliseconds since the epoch. */
export interface StatusReport {
  /** the agent's version */
  readonly agent: string;
  readonly instance: string;
  readonly zone: string;
  readonly app: string;
  readonly channel: string;
  readonly role: string;
  readonly phase: Phase;
  readonly purpose: Purpose | null;
  /** what it does now, in a few words (also systemd's `STATUS=`) */
  readonly step: string;
  readonly since: number;
  readonly now: number;
  readonly serving: boolean;
  readonly active: Running | null;
  readonly previous: Running | null;
  readonly target: Running | null;
  readonly desired: {
    readonly release: string;
    readonly version: string;
    readonly message?: string;
    readonly by?: string;
  } | null;
  /** why it is not where it should be */
  readonly reason: Told | null;
  /** why the last desired document was refused */
  readonly refusal: Told | null;
  readonly hold: Hold | null;
  /** the fence of the permit this host holds */
  readonly permit: number | null;
  /** out of traffic by the agent */
  readonly out: boolean;
  /** peers whose connections the last drain cut */
  readonly cut: readonly string[];
  readonly rejected: {readonly release: string; readonly text: string; readonly at: number} | null;
  readonly store: {readonly name: string; readonly ok: boolean; readonly text: string | null};
  /** null when hosts are not coordinated, or before the ledger was read */
  readonly fleet: FleetReport | null;
}

/** One line of this host's history, newest first in a list. */
export interface HistoryEntry {
  readonly at: number;
  readonly text: string;
  readonly phase: Phase;
  readonly release: string | null;
  readonly generation: number;
}

/** What an operator's request came to: a sentence that says what happens now, or the reason of the refusal. */
export type Answer =
  | {readonly ok: true; readonly text: string}
  | {readonly ok: false; readonly reason: Reason};

/** The desired key as somebody saw it. `version` is null when there was none, `release` also when nobody can read it. */
export interface DesiredSeen {
  readonly version: string | null;
  readonly release: string | null;
  readonly by?: string;
  readonly message?: string;
  /** as operators write it: a count of hosts, or `10%` */
  readonly share?: number | string;
}

/** Asks for the desired key to be written. */
export interface DeployRequest {
  /** a full id that `parseRelease` reads */
  readonly release: string;
  readonly message?: string;
  readonly by: string;
  /** only so much of the fleet gets it: a count of hosts, or `10%` */
  readonly share?: number | string;
  /** hosts that are not waited for */
  readonly force?: readonly string[];
  /** the version of the key that this shall replace (null: none); left out: whatever there is */
  readonly seen?: string | null;
  /** an operator's token for the store, instead of the host's; a secret */
  readonly token?: string;
}

/** What the daemon lets operators do. Requests are validated before they arrive here; any throw becomes a refusal. */
export interface Controls {
  status(signal: AbortSignal): Promise<StatusReport>;
  history(options: {readonly limit: number}, signal: AbortSignal): Promise<readonly HistoryEntry[]>;
  /** in the text format of Prometheus */
  metrics(): string;
  hold(options: {readonly by: string; readonly note: string}): Promise<Answer>;
  resume(options: {readonly by: string}): Promise<Answer>;
  rollback(options: {readonly by: string}): Promise<Answer>;
  retry(options: {readonly by: string}): Promise<Answer>;
  /**
   * The host shuts down: out of traffic, once and for all. Gives true when its requests are answered or cut, false when that takes
   * longer than an answer should. Throws `host.not-stopping`.
   */
  leave(signal: AbortSignal): Promise<boolean>;
  /** What the desired key says now, from the store itself. Throws `ReasonError`. */
  desired(signal: AbortSignal): Promise<DesiredSeen>;
  deploy(options: DeployRequest, signal: AbortSignal): Promise<Answer>;
}

/**
 * A request as it travels. `by` is what the client says of itself; the daemon names the caller by what the kernel says. `resolve` asks which revision
 * a branch or tag of the configured git remote is now.
 */
export type Request =
  | {readonly verb: 'status'}
  | {readonly verb: 'history'; readonly limit: number}
  | {readonly verb: 'metrics'}
  | {readonly verb: 'hold'; readonly by: string; readonly note: string}
  | {readonly verb: 'resume'; readonly by: string}
  | {readonly verb: 'rollback'; readonly by: string}
  | {readonly verb: 'retry'; readonly by: string}
  | {readonly verb: 'leave'}
  | {readonly verb: 'resolve'; readonly name: string}
  | {readonly verb: 'desired'}
  | ({readonly verb: 'deploy'} & DeployRequest);

export type Verb = Request['verb'];

/** Those that change nothing, here or in the fleet: the socket for looking answers only them. */
export const LOOKING: readonly Verb[] = ['status', 'history', 'metrics'];

/** The socket for changing, which answers every verb, beside the one for looking. */
export const operatePathOf = (path: string): string =>
  `${path.slice(0, path.lastIndexOf('/') + 1)}operate.sock`;

/** What each verb gives when it is not refused. */
export interface Results {
  readonly status: StatusReport;
  readonly history: readonly HistoryEntry[];
  readonly metrics: string;
  readonly hold: string;
  readonly resume: string;
  readonly rollback: string;
  readonly retry: string;
  /** whether it is over; until then ask again */
  readonly leave: boolean;
  readonly resolve: string;
  readonly desired: DesiredSeen;
  readonly deploy: string;
}

/** A response as it travels. */
export type Response<V extends Verb = Verb> =
  | {readonly ok: true; readonly value: Results[V]}
  | {readonly ok: false; readonly refusal: Told};
