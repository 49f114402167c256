import type {Reason} from '../reason.ts';

/** One host's right to be out of service. `fence` grows with every grant and is never given twice. */
export interface Permit {
  readonly host: string;
  readonly fence: number;
  readonly release: string;
  readonly version: string;
  /** when it was granted, ms since the epoch */
  readonly since: number;
}

/** A host on which the release of the current rollout failed. */
export interface Failure {
  readonly host: string;
  readonly fence: number;
  readonly cause: Reason | null;
}

/** The one document that says which permits are out and what is proven, previous and denied. */
export interface Ledger {
  readonly format: 1;
  /** the last fence given out */
  readonly fence: number;
  /** the desired version and release of the current rollout */
  readonly rollout: {readonly version: string; readonly release: string} | null;
  readonly proven: string | null;
  readonly previous: string | null;
  readonly denied: readonly string[];
  readonly permits: readonly Permit[];
  readonly failures: readonly Failure[];
  /** why no further permit is granted now; null when nobody waits */
  readonly blocked: Reason | null;
}

/** The ledger of a fleet that has not begun. */
export const EMPTY_LEDGER: Ledger = {
  format: 1,
  fence: 0,
  rollout: null,
  proven: null,
  previous: null,
  denied: [],
  permits: [],
  failures: [],
  blocked: null,
};
