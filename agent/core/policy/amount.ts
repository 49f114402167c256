import * as v from 'valibot';

/** A count of hosts, or a percentage of them. */
export type Amount = {readonly count: number} | {readonly percent: number};

/** More hosts than any fleet has. */
const MOST = 1_000_000;

/** True for what operators write as an amount: a whole number of hosts from `least`, or a percentage such as "20%". */
export const isAmount = (value: unknown, least: number): value is number | string =>
  typeof value === 'number'
    ? Number.isInteger(value) && value >= least && value <= MOST
    : typeof value === 'string' && /^(?:100|[1-9]?[0-9])%$/.test(value);

/** What an amount looks like, for error texts. */
export const amountExpected = (least: number): string =>
  `a whole number of hosts from ${least}, or a percentage such as "20%"`;

/** The amount that operators wrote (see `isAmount`). */
export const amountOf = (value: number | string): Amount =>
  typeof value === 'number' ? {count: value} : {percent: Number.parseInt(value, 10)};

/** The same as operators write it. */
export const amountText = (amount: Amount): string =>
  'count' in amount ? String(amount.count) : `${amount.percent}%`;

/** Reads an amount from a document. */
export const amountSchema = (least: number) =>
  v.pipe(
    v.custom<number | string>(value => isAmount(value, least), amountExpected(least)),
    v.transform(amountOf),
  );

/** So many of `size` hosts, rounded down: for limits. */
export const atMost = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.floor((size * amount.percent) / 100);

/** So many of `size` hosts, rounded up: for what has to be there. */
export const atLeast = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.ceil((size * amount.percent) / 100);
