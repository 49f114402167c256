import type {Failure, Ledger, Permit} from '../ledger.ts';
import {packRows} from './pack.ts';

/** Up to so many bytes a ledger is as people and older agents read it. Consul takes no value above 512 KiB. */
export const PLAIN_LIMIT = 128 * 1_024;
/** so many causes of failures are kept, the first ones and the last: a verdict asks for two */
const CAUSES = 40;

/** The ledger as it is written: plain, and packed where thousands of hosts are out or have failed. */
export const ledgerText = (ledger: Ledger): string => {
  const short = {...ledger, failures: withFewCauses(ledger.failures)};
  const plain = JSON.stringify(short);
  if (plain.length <= PLAIN_LIMIT) return plain;
  const named = short.failures.filter(({cause}) => cause !== null);
  const others = short.failures.filter(({cause}) => cause === null);
  const failures = {named, others: packRows(others.map(failure => ({...failure, since: 0})))};
  return JSON.stringify({...short, permits: packPermits(ledger.permits), failures});
};

const withFewCauses = (failures: readonly Failure[]): readonly Failure[] =>
  failures.map((failure, n) =>
    n < CAUSES - 1 || n === failures.length - 1 ? failure : {...failure, cause: null},
  );

/** By where they go: few rollouts are under way at once. */
const packPermits = (permits: readonly Permit[]) => {
  const groups = Map.groupBy(permits, ({release, version}) => JSON.stringify([release, version]));
  return [...groups].map(([target, group]) => {
    const [release, version]: readonly string[] = JSON.parse(target);
    return {release, version, hosts: packRows(group)};
  });
};
