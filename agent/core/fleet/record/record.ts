/** A rollout as a document, `rollouts/<number>`: what was asked for, by whom, which hosts went when, and how it ended. */
import * as v from 'valibot';
import {
  countSchema as count,
  type DocumentReading,
  momentSchema,
  readDocument,
  reasonSchema,
} from '../../document.ts';
import type {Reason} from '../../reason.ts';
import {packedSchema} from '../packed/pack.ts';

/** What became of a host's permit; `gone`: the host ended with it. */
export type Result = 'done' | 'rolled-back' | 'unused' | 'stuck' | 'gone';

/** One permit of the rollout. Moments are ms since the epoch. */
export interface HostRow {
  readonly host: string;
  readonly fence: number;
  /** where it went: the release of the rollout, or the one that the fleet goes back to */
  readonly to: string;
  /** null when nobody saw it begin */
  readonly since: number | null;
  /** null while it is out */
  readonly until: number | null;
  readonly result: Result | null;
  readonly cause: Reason | null;
}

export interface WaveRow {
  readonly name: string;
  readonly since: number;
  /** when it was complete, and began to be watched */
  readonly complete: number | null;
}

export interface RolloutRecord {
  readonly format: 1;
  readonly number: number;
  readonly version: string;
  readonly release: string;
  /** the proven release at its begin */
  readonly from: string | null;
  readonly way: 'forward' | 'back';
  readonly message: string | null;
  readonly by: string | null;
  /** as it was written, such as `10%` */
  readonly share: string | null;
  readonly since: number;
  readonly waves: readonly WaveRow[];
  /** the latest last; of a large fleet only some: `more` counts the others */
  readonly hosts: readonly HostRow[];
  readonly more: Readonly<Partial<Record<Result, number>>>;
  /** the highest fence that is in it */
  readonly fence: number;
  /** what stopped it, and what went on */
  readonly events: readonly {readonly at: number; readonly cause: Reason}[];
  readonly end: {readonly at: number; readonly outcome: 'proven' | 'reverted' | 'superseded'} | null;
}

const text = v.string();
const result = v.picklist(['done', 'rolled-back', 'unused', 'stuck', 'gone']);
const row = v.object({
  host: text,
  fence: count,
  to: text,
  since: v.nullable(momentSchema),
  until: v.nullable(momentSchema),
  result: v.nullable(result),
  cause: v.nullable(reasonSchema),
});

/** See `packed/record-text.ts`. */
const packedRows = v.pipe(
  v.object({to: text, result: v.nullable(result), out: packedSchema}),
  v.transform(({to, result: what, out}): readonly HostRow[] =>
    out.map(({host, fence, since}) => ({host, fence, to, since, until: null, result: what, cause: null})),
  ),
);
const rows = v.pipe(
  v.array(v.union([row, packedRows])),
  v.transform((all): readonly HostRow[] => {
    const flat = all.flat() as readonly HostRow[];
    return flat.toSorted((a, b) => a.fence - b.fence);
  }),
);

const schema = v.object({
  format: v.literal(1),
  number: count,
  version: text,
  release: text,
  from: v.nullable(text),
  way: v.picklist(['forward', 'back']),
  message: v.nullable(text),
  by: v.nullable(text),
  share: v.nullable(text),
  since: momentSchema,
  waves: v.array(v.object({name: text, since: momentSchema, complete: v.nullable(momentSchema)})),
  hosts: rows,
  more: v.object({
    done: v.exactOptional(count),
    'rolled-back': v.exactOptional(count),
    unused: v.exactOptional(count),
    stuck: v.exactOptional(count),
    gone: v.exactOptional(count),
  }),
  fence: count,
  events: v.array(v.object({at: momentSchema, cause: reasonSchema})),
  end: v.nullable(v.object({at: momentSchema, outcome: v.picklist(['proven', 'reverted', 'superseded'])})),
});

/** Reads a record. */
export const readRecord = (key: string, value: string): DocumentReading<RolloutRecord> =>
  readDocument(key, value, schema);
