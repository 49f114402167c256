import type {Reason} from '../reason.ts';
import type {OutcomeResult, Phase} from './state.ts';

/** What became of the last permit this host had. */
export interface ReportedOutcome {
  readonly fence: number;
  readonly result: OutcomeResult;
  readonly release: string;
  readonly version: string;
  readonly cause: Reason | null;
}

/** What a host says of itself in `hosts/<instance>`. Releases are ids as operators write them. */
export interface HostStatus {
  readonly format: 1;
  readonly instance: string;
  readonly zone: string;
  readonly role: string;
  readonly phase: Phase;
  /** in traffic, with an active release that passed its gate */
  readonly serving: boolean;
  readonly active: string | null;
  readonly previous: string | null;
  /** the release this host has staged and waits to activate, and the desired version that asked for it */
  readonly wants: {readonly release: string; readonly version: string} | null;
  /** the fence of the permit this host believes it holds */
  readonly permit: number | null;
  readonly outcome: ReportedOutcome | null;
  readonly reason: Reason | null;
  /** since when it is in this phase, ms since the epoch */
  readonly since: number;
  readonly agent: string;
}
