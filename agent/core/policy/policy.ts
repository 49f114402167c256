/** How the fleet may move. Operators write it as JSON under `policy`; what they don't say has a default. */
import * as v from 'valibot';
import {readDocument} from '../document.ts';
import {durationMs} from '../duration.ts';
import type {Reason} from '../reason.ts';
import {type Amount, amountExpected, amountOf, amountSchema, isAmount} from './amount.ts';
import {type Window, windowSchema} from './window.ts';

/** A part of the fleet that gets the release before the rest: the canaries, or so many hosts in the stable order. */
export type Wave = 'canary' | Amount;

export interface Policy {
  /** how many hosts may be out at once */
  readonly concurrency: Amount;
  /** how many hosts must serve */
  readonly floor: Amount;
  readonly zones: {
    /** how many hosts of each zone must serve; null: only the whole fleet counts */
    readonly floor: Amount | null;
    /** one zone after the other */
    readonly inTurn: boolean;
  };
  /** parts of the fleet, each with the ones before it; after the last one the rest goes. Empty: all at once */
  readonly waves: readonly Wave[];
  /** how long a wave is watched before the next one begins, ms */
  readonly bakeMs: number;
  /** how many hosts may fail before the rollout halts */
  readonly budget: Amount;
  /** what follows then: nothing more begins, or every updated host goes back to the proven release */
  readonly onFailure: 'halt' | 'revert';
  /** when a rollout may go forward; empty: always */
  readonly windows: readonly Window[];
  /** a rollout that says nothing of itself does not begin */
  readonly requireMessage: boolean;
}

/** What holds without a `policy` document. */
export const DEFAULT_POLICY: Policy = {
  concurrency: {percent: 20},
  floor: {percent: 50},
  zones: {floor: null, inTurn: false},
  waves: [],
  bakeMs: 0,
  budget: {count: 1},
  onFailure: 'halt',
  windows: [],
  requireMessage: false,
};

const LONGEST_MS = 7 * 24 * 3_600_000;
const MOST_WAVES = 20;
const MOST_WINDOWS = 50;

const duration = v.pipe(
  v.string(),
  v.check(text => (durationMs(text) ?? Infinity) <= LONGEST_MS, 'a duration up to "168h", such as "10m"'),
  v.transform(text => durationMs(text) ?? 0),
);

const wave = v.pipe(
  v.custom<number | string>(
    value => value === 'canary' || isAmount(value, 1),
    `"canary", ${amountExpected(1).replace('20%', '10%')}`,
  ),
  v.transform((value): Wave => (value === 'canary' ? value : amountOf(value))),
);

const schema = v.strictObject({
  concurrency: v.optional(amountSchema(1), '20%'),
  floor: v.optional(amountSchema(0), '50%'),
  zones: v.optional(
    v.strictObject({
      floor: v.optional(v.nullable(amountSchema(0)), null),
      inTurn: v.optional(v.boolean(), false),
    }),
    {},
  ),
  waves: v.optional(v.pipe(v.array(wave), v.maxLength(MOST_WAVES)), []),
  bake: v.optional(duration, '0s'),
  budget: v.optional(amountSchema(1), 1),
  onFailure: v.optional(v.picklist(['halt', 'revert']), 'halt'),
  windows: v.optional(v.pipe(v.array(windowSchema), v.maxLength(MOST_WINDOWS)), []),
  requireMessage: v.optional(v.boolean(), false),
});

export type PolicyReading =
  | {readonly ok: true; readonly policy: Policy}
  | {readonly ok: false; readonly cause: Reason};

/** Reads the `policy` document. A reason `store.document` names the first thing that is wrong. */
export const readPolicy = (text: string): PolicyReading => {
  const reading = readDocument('policy', text, schema);
  if (!reading.ok) return reading;
  const {bake, ...policy} = reading.value;
  return {ok: true, policy: {...policy, bakeMs: bake}};
};
