/** How long hosts are out, as one sees them come and go. */
import type {Ledger} from '../../../core/fleet/ledger.ts';

export interface Pace {
  note(ledger: Ledger, now: number): void;
  /** ms that a host has its permit: the median of those that were seen, else what is assumed */
  perHostMs(): number;
}

const ASSUMED_MS = 60_000;
const REMEMBERED = 99;

/** Learns from one look at the ledger to the next. Who was out before the first look is timed from its grant on. */
export const createPace = (): Pace => {
  let out = new Map<number, number>();
  const took: number[] = [];
  return {
    note: ({permits}, now) => {
      const present = new Map(permits.map(({fence, since}) => [fence, since]));
      for (const [fence, since] of out) if (!present.has(fence)) took.push(Math.max(0, now - since));
      took.splice(0, took.length - REMEMBERED);
      out = present;
    },
    perHostMs: () => {
      const sorted = took.toSorted((a, b) => a - b);
      return sorted[Math.floor(sorted.length / 2)] ?? ASSUMED_MS;
    },
  };
};
