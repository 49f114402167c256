/** The fleet takes itself back: every host that has the release of a rollout returns to the proven one, under the same limits. */

import type {HostStatus} from '../../host/status.ts';
import type {Policy} from '../../policy/policy.ts';
import {type Reason, reason, reasonText} from '../../reason.ts';
import {shortId} from '../../release.ts';
import type {Ledger, Rollout} from '../ledger.ts';
import {budgetOf, failedHosts} from './verdict.ts';

interface View {
  readonly policy: Policy;
  /** ms since the epoch */
  readonly now: number;
}

/** The ledger with the way back begun, where the policy asks for it and there is a release to go back to. */
export const beginRevert = (ledger: Ledger, {policy, now}: View, spent: boolean, size: number): Ledger => {
  const {rollout, proven} = ledger;
  if (!rollout || rollout.revert || rollout.way === 'back' || !spent) return ledger;
  if (policy.onFailure !== 'revert' || proven === null || proven === rollout.release) return ledger;
  const cause = haltReason(ledger, policy, size);
  return {...ledger, rollout: {...rollout, bakes: null, revert: {release: proven, cause, since: now}}};
};

const haltReason = ({rollout, failures}: Ledger, policy: Policy, size: number): Reason =>
  reason('rollout.failed', {
    release: shortId(rollout?.release ?? ''),
    failures: failedHosts(failures),
    budget: budgetOf(policy, size),
    last: causeOf(failures.at(-1)?.cause ?? null),
  });

const causeOf = (cause: Reason | null): string => (cause === null ? 'no reason given' : reasonText(cause));

/** What is in the way of a release that the fleet takes back, or has taken back; null while it does not. */
export const takenBack = ({release, revert}: Rollout): Reason | null =>
  revert && reason('permit.reverted', {release: shortId(release), to: shortId(revert.release)});

/** Hosts that have, or prepare, what is taken back: each is woken until it has turned round. */
export const toTurn = ({rollout}: Ledger, hosts: readonly HostStatus[]): readonly HostStatus[] =>
  rollout?.revert
    ? hosts.filter(
        ({active, wants, permit}) =>
          permit === null &&
          (active === rollout.release
            ? wants?.release !== rollout.revert?.release
            : wants?.release === rollout.release),
      )
    : [];
