import type {Ledger} from './ledger.ts';

/** Fleets of up to this many hosts do everything at once. */
const SMALL = 20;
/** steps between a power of two and the next: the ledger is not written for each host that comes or goes */
const STEPS = 8;

/** The ledger with about how many hosts the fleet has: hosts read it to know how far to spread what they all do. */
export const withHosts = (ledger: Ledger, count: number): Ledger => {
  const about = aboutHosts(count);
  const {hosts: _, ...rest} = ledger;
  return about === undefined ? rest : {...rest, hosts: about};
};

/** A number of hosts, rounded up by an eighth at most; undefined for a small fleet. */
export const aboutHosts = (count: number): number | undefined => {
  if (count <= SMALL) return undefined;
  let step = 1;
  while (step * 2 * STEPS <= count) step *= 2;
  return Math.ceil(count / step) * step;
};
