/** What the ledger says to every host, in the key `notice`: as large for three hosts as for thousands. */
import * as v from 'valibot';
import {countSchema, type DocumentReading, momentSchema, readDocument, reasonSchema} from '../../document.ts';
import type {Reason} from '../../reason.ts';
import type {Ledger, Revert} from '../ledger.ts';

export interface Notice {
  readonly format: 1;
  readonly rollout: {
    readonly version: string;
    readonly release: string;
    readonly revert: Revert | null;
  } | null;
  /** why no further permit is granted now */
  readonly blocked: Reason | null;
  /** about how many hosts the fleet has; absent while it is small */
  readonly hosts?: number;
}

const text = v.string();
const schema = v.object({
  format: v.literal(1),
  rollout: v.nullable(
    v.object({
      version: text,
      release: text,
      revert: v.nullable(v.object({release: text, cause: reasonSchema, since: momentSchema})),
    }),
  ),
  blocked: v.nullable(reasonSchema),
  hosts: v.exactOptional(countSchema),
});

/** What this ledger says to every host. */
export const noticeOf = ({rollout, blocked, hosts}: Ledger): Notice => ({
  format: 1,
  rollout: rollout && {version: rollout.version, release: rollout.release, revert: rollout.revert},
  blocked,
  ...(hosts !== undefined && {hosts}),
});

/** Reads the `notice` document. */
export const readNotice = (value: string): DocumentReading<Notice> => readDocument('notice', value, schema);
