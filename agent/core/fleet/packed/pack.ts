/** Thousands of hosts with a number each, in about 22 bytes a host. */
import * as v from 'valibot';

export interface Row {
  readonly host: string;
  readonly fence: number;
  /** ms since the epoch */
  readonly since: number;
}

/** `rows`: the rest of each name, its fence less `fence`, and how many seconds after `since`, the numbers to base 36. */
export interface Packed {
  readonly prefix: string;
  readonly fence: number;
  readonly since: number;
  readonly rows: string;
}

const BASE = 36;
const SECOND = 1_000;
/** What a host's name may be, and two numbers. */
const ROW = /^([\w.-]*):([0-9a-z]{1,11}):([0-9a-z]{1,11})$/;

/** Packs rows. Moments lose what is less than a second, once: packed again they stay as they are. */
export const packRows = (rows: readonly Row[]): Packed => {
  const prefix = prefixOf(rows.map(({host}) => host));
  const fence = least(rows.map(row => row.fence));
  const since = least(rows.map(row => row.since));
  const textOf = (row: Row): string => {
    const seconds = Math.floor((row.since - since) / SECOND);
    return `${row.host.slice(prefix.length)}:${(row.fence - fence).toString(BASE)}:${seconds.toString(BASE)}`;
  };
  return {prefix, fence, since, rows: rows.map(textOf).join(' ')};
};

const least = (values: readonly number[]): number =>
  values.reduce((low, value) => Math.min(low, value), values[0] ?? 0);

const prefixOf = ([first = '', ...others]: readonly string[]): string => {
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length);
};

const isRows = (text: string): boolean => text === '' || text.split(' ').every(row => ROW.test(row));

/** Reads packed rows. */
export const packedSchema = v.pipe(
  v.object({
    prefix: v.string(),
    fence: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    since: v.pipe(v.number(), v.minValue(0), v.maxValue(8.64e15)),
    rows: v.pipe(v.string(), v.check(isRows, 'rows of a name and two numbers')),
  }),
  v.transform(packed => unpackRows(packed)),
);

const unpackRows = ({prefix, fence, since, rows}: Packed): readonly Row[] =>
  rows === ''
    ? []
    : rows.split(' ').map(row => {
        const [, name = '', number = '', seconds = ''] = ROW.exec(row) ?? [];
        return {
          host: `${prefix}${name}`,
          fence: fence + Number.parseInt(number, BASE),
          since: since + Number.parseInt(seconds, BASE) * SECOND,
        };
      });
