import * as v from 'valibot';
import {
  countSchema as count,
  type DocumentReading,
  momentSchema,
  readDocument,
  reasonSchema,
} from '../document.ts';
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
  /** about how many hosts the fleet has, see `aboutHosts`; absent while it is small */
  readonly hosts?: number;
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

const text = v.string();

const schema = v.object({
  format: v.literal(1),
  fence: count,
  rollout: v.nullable(v.object({version: text, release: text})),
  proven: v.nullable(text),
  previous: v.nullable(text),
  denied: v.array(text),
  permits: v.array(v.object({host: text, fence: count, release: text, version: text, since: momentSchema})),
  failures: v.array(v.object({host: text, fence: count, cause: v.nullable(reasonSchema)})),
  blocked: v.nullable(reasonSchema),
  hosts: v.exactOptional(count),
});

/** Reads the `ledger` document; an absent one is empty. A damaged one is a reason, never guessed around. */
export const readLedger = (value: string | null): DocumentReading<Ledger> =>
  value === null ? {ok: true, value: EMPTY_LEDGER} : readDocument('ledger', value, schema);
