import * as v from 'valibot';
import {
  countSchema as count,
  type DocumentReading,
  momentSchema,
  readDocument,
  reasonSchema,
} from '../document.ts';
import type {Reason} from '../reason.ts';
import {packedSchema} from './packed/pack.ts';

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

/** The fleet goes back to the proven release. */
export interface Revert {
  readonly release: string;
  readonly cause: Reason;
  /** ms since the epoch */
  readonly since: number;
}

/** The fleet on its way to the desired release. Moments are ms since the epoch. */
export interface Rollout {
  /** counted up from 1; names its record */
  readonly number: number;
  /** the desired version */
  readonly version: string;
  readonly release: string;
  readonly since: number;
  /** `back`: to a release that was proven before, without waves */
  readonly way: 'forward' | 'back';
  /** which of the policy's waves is under way, from 0; as many as there are waves: the rest of the fleet */
  readonly wave: number;
  /** since when that wave is complete and watched; null while it is not */
  readonly bakes: number | null;
  /** since when hosts that have the release and no permit fail their probes; null while none does */
  readonly unwell: number | null;
  readonly revert: Revert | null;
}

/** The one document that says which permits are out and what is proven, previous and denied. */
export interface Ledger {
  readonly format: 1;
  /** the last fence given out */
  readonly fence: number;
  readonly rollout: Rollout | null;
  readonly proven: string | null;
  readonly previous: string | null;
  /** releases that were proven once, the latest last; a few of them */
  readonly provenBefore: readonly string[];
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
  provenBefore: [],
  denied: [],
  permits: [],
  failures: [],
  blocked: null,
};

const text = v.string();

// What an older agent wrote has less of it.
const rollout = v.object({
  number: v.optional(count, 0),
  version: text,
  release: text,
  since: v.optional(momentSchema, 0),
  way: v.optional(v.picklist(['forward', 'back']), 'forward'),
  wave: v.optional(count, 0),
  bakes: v.optional(v.nullable(momentSchema), null),
  unwell: v.optional(v.nullable(momentSchema), null),
  revert: v.optional(v.nullable(v.object({release: text, cause: reasonSchema, since: momentSchema})), null),
});

const permit = v.object({host: text, fence: count, release: text, version: text, since: momentSchema});
/** See `packed/ledger-text.ts`. */
const packedPermits = v.pipe(
  v.object({release: text, version: text, hosts: packedSchema}),
  v.transform(({release, version, hosts}): readonly Permit[] =>
    hosts.map(({host, fence, since}) => ({host, fence, release, version, since})),
  ),
);
const permits = v.pipe(
  v.array(v.union([permit, packedPermits])),
  v.transform(rows => rows.flat() as readonly Permit[]),
);
const failure = v.object({host: text, fence: count, cause: v.nullable(reasonSchema)});
const failures = v.union([
  v.array(failure),
  v.pipe(
    v.object({named: v.array(failure), others: packedSchema}),
    v.transform(({named, others}): readonly Failure[] => {
      const unnamed = others.map(({host, fence}) => ({host, fence, cause: null}));
      return [...named.slice(0, -1), ...unnamed, ...named.slice(-1)];
    }),
  ),
]);

const schema = v.object({
  format: v.literal(1),
  fence: count,
  rollout: v.nullable(rollout),
  proven: v.nullable(text),
  previous: v.nullable(text),
  provenBefore: v.optional(v.array(text), []),
  denied: v.array(text),
  permits,
  failures,
  blocked: v.nullable(reasonSchema),
  hosts: v.exactOptional(count),
});

/** Reads the `ledger` document; an absent one is empty. A damaged one is a reason, never guessed around. */
export const readLedger = (value: string | null): DocumentReading<Ledger> =>
  value === null ? {ok: true, value: EMPTY_LEDGER} : readDocument('ledger', value, schema);
