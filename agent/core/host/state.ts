import type {Desired} from '../desired.ts';
import type {Reason} from '../reason.ts';
import type {Release} from '../release.ts';

/** One numbered activation on this host. `slot` names the folder that holds the release. */
export interface Activation {
  readonly generation: number;
  readonly release: Release;
  readonly slot: string;
}

/** This host stops on purpose: the operator's name and note. `at` is milliseconds since the epoch. */
export interface Hold {
  readonly by: string;
  readonly note: string;
  readonly at: number;
}

/** A release that failed here. It is not tried again for the same desired version. */
export interface Rejection {
  readonly release: Release;
  readonly version: string;
  readonly cause: Reason;
  readonly at: number;
  /** when it is tried again by itself; null: only for a new desired version or `agentctl retry` */
  readonly retryAt: number | null;
}

export type OutcomeResult =
  /** the release passed its gate and its bake time: the permit is free */
  | 'done'
  /** the host is back on its previous release and in traffic: the permit is free, and one failure is counted */
  | 'rolled-back'
  /** nothing was changed: the permit is free, nothing is counted */
  | 'unused'
  /** the host is out of traffic and stays there: the permit stays out, and one failure is counted */
  | 'stuck';

/** What became of a permit. The coordinator reads it in `hosts/<instance>`. */
export interface Outcome {
  readonly fence: number;
  readonly result: OutcomeResult;
  /** the release the permit was used for */
  readonly release: Release;
  readonly version: string;
  readonly cause: Reason | null;
}

/** Why a release is being made the running one. A host that serves nothing boots: no permit, no drain. */
export type Purpose = 'boot' | 'update' | 'rollback';

/** One way to a new activation. `cause` is why a rollback began. `tries` counts bounded repetitions. */
export interface Attempt {
  readonly purpose: Purpose;
  readonly target: Activation;
  readonly version: string;
  readonly tries: number;
  readonly cause: Reason | null;
  /** what will be said of the permit when the host is in traffic again */
  readonly result: OutcomeResult;
  /** the release was proven before: it is not watched in traffic before the permit goes back */
  readonly quick?: boolean;
}

/** Attempts at one desired version that ended without a verdict on its release. */
export interface Begun {
  readonly version: string;
  /** the host went down with it, or had no room for it */
  readonly count: number;
  /** only the agent ended */
  readonly restarts: number;
}

/** What every phase carries. All of it is journalled. Times are milliseconds since the epoch. */
export interface Common {
  /** the last generation number given out */
  readonly generation: number;
  readonly active: Activation | null;
  readonly previous: Activation | null;
  readonly desired: Desired | null;
  /** why the last value of the desired key was refused */
  readonly refusal: Reason | null;
  readonly hold: Hold | null;
  readonly rejected: Rejection | null;
  /** "out of traffic by me": journalled before the drain, undone at every start */
  readonly out: boolean;
  /** an application runs here, perhaps in traffic, that is none of the above: it is drained before another takes its place */
  readonly strange: boolean;
  /** the fence of the permit this host holds */
  readonly permit: number | null;
  readonly outcome: Outcome | null;
  /** attempts at a desired version that ended without a verdict on its release: the loop breaker */
  readonly begun: Begun | null;
  /** peers whose connections the last drain cut at its deadline */
  readonly cut: readonly string[];
  /** how often in a row nothing worked here */
  readonly stuck: number;
  readonly since: number;
}

interface Attempting {
  readonly attempt: Attempt;
}

export type State = Common &
  (
    | {readonly phase: 'booting'; readonly blocked: Reason | null; readonly tries: number}
    | ({readonly phase: 'staging'; readonly blocked: Reason | null} & Attempting)
    | ({readonly phase: 'waiting'; readonly blocked: Reason | null} & Attempting)
    | ({readonly phase: 'draining'; readonly step: 'leaving' | 'measuring'} & Attempting)
    | ({readonly phase: 'activating'} & Attempting)
    | ({readonly phase: 'gating'} & Attempting)
    | ({readonly phase: 'rejoining'; readonly blocked: Reason | null} & Attempting)
    | ({readonly phase: 'baking'} & Attempting)
    | {readonly phase: 'serving'}
    /** brings the previous release's slot back before it is activated; the attempt's purpose is `rollback` */
    | ({readonly phase: 'rolling-back'; readonly blocked: Reason | null} & Attempting)
    | {readonly phase: 'held'; readonly cause: Reason}
  );

export type Phase = State['phase'];
export type In<P extends Phase> = Extract<State, {phase: P}>;

/** The phases in the order of a host's life. */
export const PHASES = [
  'booting',
  'staging',
  'waiting',
  'draining',
  'activating',
  'gating',
  'rejoining',
  'baking',
  'serving',
  'rolling-back',
  'held',
] as const satisfies readonly Phase[];
