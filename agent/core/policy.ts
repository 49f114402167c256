import * as v from 'valibot';
import {readDocument} from './document.ts';
import type {Reason} from './reason.ts';

/** A count of hosts, or a percentage of them. */
export type Amount = {readonly count: number} | {readonly percent: number};

/** How the fleet may move. Operators write it as JSON under `policy`; defaults hold where nothing is said. */
export interface Policy {
  /** how many hosts may be out at once */
  readonly concurrency: Amount;
  /** how many hosts must serve */
  readonly floor: Amount;
  /** how many hosts may fail before the rollout halts */
  readonly budget: number;
}

/** What holds without a `policy` document. */
export const DEFAULT_POLICY: Policy = {concurrency: {percent: 20}, floor: {percent: 50}, budget: 1};

/** More hosts than any fleet has. */
const MOST = 1_000_000;

const isCount = (value: unknown, least: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= MOST;
const isShare = (value: unknown): boolean =>
  typeof value === 'string' && /^(?:100|[1-9]?[0-9])%$/.test(value);

const amount = (least: number) =>
  v.pipe(
    v.custom<number | string>(
      value => isCount(value, least) || isShare(value),
      `a whole number of hosts from ${least}, or a percentage such as "20%"`,
    ),
    v.transform(
      (value): Amount => (typeof value === 'number' ? {count: value} : {percent: Number.parseInt(value, 10)}),
    ),
  );

const schema = v.strictObject({
  concurrency: v.optional(amount(1)),
  floor: v.optional(amount(0)),
  budget: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST))),
});

/** Reads the `policy` document. A reason `store.document` names the first thing that is wrong. */
export const readPolicy = (
  text: string,
): {readonly ok: true; readonly policy: Policy} | {readonly ok: false; readonly cause: Reason} => {
  const reading = readDocument('policy', text, schema);
  if (!reading.ok) return reading;
  const {concurrency, floor, budget} = reading.value;
  return {
    ok: true,
    policy: {
      concurrency: concurrency ?? DEFAULT_POLICY.concurrency,
      floor: floor ?? DEFAULT_POLICY.floor,
      budget: budget ?? DEFAULT_POLICY.budget,
    },
  };
};
