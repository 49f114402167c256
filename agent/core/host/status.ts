import * as v from 'valibot';
import {countSchema, type DocumentReading, momentSchema, readDocument, reasonSchema} from '../document.ts';
import type {Reason} from '../reason.ts';
import {type OutcomeResult, PHASES, type Phase} from './state.ts';

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
  /** it gets a release before the others, where the policy has such a wave */
  readonly canary?: boolean;
  readonly phase: Phase;
  /** in traffic, with an active release that passed its gate */
  readonly serving: boolean;
  /** `false` while it serves, but those who send traffic may not know yet that it is back */
  readonly visible?: boolean;
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

const text = v.string();

const schema = v.object({
  format: v.literal(1),
  instance: text,
  zone: text,
  role: text,
  canary: v.exactOptional(v.boolean()),
  phase: v.picklist(PHASES),
  serving: v.boolean(),
  visible: v.exactOptional(v.boolean()),
  active: v.nullable(text),
  previous: v.nullable(text),
  wants: v.nullable(v.object({release: text, version: text})),
  permit: v.nullable(countSchema),
  outcome: v.nullable(
    v.object({
      fence: countSchema,
      result: v.picklist(['done', 'rolled-back', 'unused', 'stuck']),
      release: text,
      version: text,
      cause: v.nullable(reasonSchema),
    }),
  ),
  reason: v.nullable(reasonSchema),
  since: momentSchema,
  agent: text,
});

/** Reads a `hosts/<instance>` document. */
export const readStatus = (key: string, value: string): DocumentReading<HostStatus> =>
  readDocument(key, value, schema);
