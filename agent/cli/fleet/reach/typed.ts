/** What is typed after options, read while the command line is. */
import {InvalidArgumentError} from 'commander';
import {durationMs} from '../../../core/duration.ts';

/** A part of a fleet: `10%`, or a number of hosts. */
export const shareOfFleet = (text: string): number | string => {
  if (/^(?:100|[1-9]\d?)%$/.test(text)) return text;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a percentage from 1% to 100%, or a number of hosts from 1.');
};

/** Instance ids with commas between them. */
export const hostNames = (text: string): readonly string[] => {
  const all = text.split(',').map(name => name.trim());
  if (all.every(name => /^[A-Za-z0-9._-]{1,100}$/.test(name))) return all;
  throw new InvalidArgumentError('Expected instance ids with commas between them.');
};

/** A duration from a second on, in ms. */
export const durationUpTo =
  (most: string) =>
  (text: string): number => {
    const ms = durationMs(text);
    if (ms !== undefined && ms >= 1_000 && ms <= (durationMs(most) ?? 0)) return ms;
    throw new InvalidArgumentError(`Expected a duration from 1s to ${most}, such as 90s or 5m.`);
  };
