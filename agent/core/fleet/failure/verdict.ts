/** What the failures of a rollout say: that the release is bad, one host, or what they stand on. */
import {atMost} from '../../policy/amount.ts';
import type {Policy} from '../../policy/policy.ts';
import type {Reason, ReasonKind} from '../../reason.ts';
import type {Failure, Ledger} from '../ledger.ts';

/** `infrastructure`: the application had not been started when it failed. */
export type Verdict = 'release' | 'host' | 'infrastructure';

/** What only a release that was started can bring about. */
const OF_RELEASE: readonly ReasonKind[] = [
  'activate.timeout',
  'bake.failed',
  'gate.failed',
  'health.failed',
  'release.begun-too-often',
  'script.failed',
  'script.missing',
  'script.timeout',
  'unit.failed',
];

/** The verdict on a rollout's failures; null while there are none. One host alone never says that a release is bad. */
export const verdictOf = (failures: readonly Failure[]): Verdict | null => {
  if (failures.length === 0) return null;
  const bad = failures.filter(({cause}) => isOfRelease(cause));
  if (bad.length === 0) return 'infrastructure';
  return failedHosts(bad) > 1 ? 'release' : 'host';
};

const isOfRelease = (cause: Reason | null): boolean => cause !== null && OF_RELEASE.includes(cause.kind);

/** On how many hosts it failed: one that fails again is no other. */
export const failedHosts = (failures: readonly Failure[]): number =>
  new Set(failures.map(({host}) => host)).size;

/** After so many failed hosts nothing more begins. */
export const budgetOf = ({budget}: Policy, size: number): number => Math.max(1, atMost(budget, size));

/** True when as many hosts failed as the policy allows. */
export const isSpent = ({failures}: Ledger, policy: Policy, size: number): boolean =>
  failedHosts(failures) >= budgetOf(policy, size);

/** so many releases are denied at most; the oldest is forgotten */
export const DENIED_LIMIT = 50;

/** The ledger with its release denied, when its budget is spent and the failures say that it is the release. One that was proven never is. */
export const noteDenied = (ledger: Ledger, spent: boolean): Ledger => {
  const {rollout, proven, provenBefore, denied, failures} = ledger;
  const release = rollout?.release;
  if (!spent || release === undefined || denied.includes(release)) return ledger;
  if (release === proven || provenBefore.includes(release) || verdictOf(failures) !== 'release')
    return ledger;
  return {...ledger, denied: [...denied, release].slice(-DENIED_LIMIT)};
};
