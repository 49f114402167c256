/** The rollout planner: what the ledger says next. Pure; whoever wears the coordinator's hat writes the result. */
import type {Desired} from '../desired.ts';
import type {HostStatus, ReportedOutcome} from '../host/status.ts';
import type {Policy} from '../policy.ts';
import type {Reason} from '../reason.ts';
import {releaseId} from '../release.ts';
import {withHosts} from './about.ts';
import {admission} from './admission.ts';
import type {Failure, Ledger, Permit} from './ledger.ts';
import type {Missing} from './members.ts';
import {inOrder} from './order.ts';
import {noteProven, notProven} from './proven.ts';
import {recall} from './recall.ts';

/**
 * Everything the planner looks at. `missing`: hosts that are not seen any more; `gone`: instances known to be terminated.
 * `now` is ms since the epoch.
 */
export interface FleetView {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
  readonly desired: Desired | null;
  readonly policy: Policy;
  /** why the policy is not known: then nobody gets a permit */
  readonly unreadable?: Reason | null;
  readonly missing: readonly Missing[];
  readonly gone: ReadonlySet<string>;
  readonly now: number;
}

export interface Plan {
  readonly ledger: Ledger;
  /** the permits that are new: their hosts are woken once the ledger is written */
  readonly granted: readonly Permit[];
}

/** The next ledger: outcomes are booked, what is proven is noted, and permits are given while the policy allows. */
export const plan = (view: FleetView): Plan => {
  const begun = beginRollout(view.ledger, view.desired);
  const booked = bookOutcomes(recall(begun, view), view);
  const proven = noteProven(booked, view);
  const next = grant(proven, view);
  const {ledger} = next;
  const blocked = ledger.blocked ?? notProven(ledger, view);
  return {...next, ledger: withHosts({...ledger, blocked}, view.hosts.length)};
};

/** A new desired version begins a new rollout: the failures of the one before count no longer. */
const beginRollout = (ledger: Ledger, desired: Desired | null): Ledger =>
  !desired || desired.version === ledger.rollout?.version
    ? ledger
    : {...ledger, rollout: {version: desired.version, release: releaseId(desired.release)}, failures: []};

const bookOutcomes = (ledger: Ledger, {hosts, gone}: FleetView): Ledger => {
  if (ledger.permits.length === 0) return ledger;
  const outcomes = outcomesOf(new Set(ledger.permits.map(({host}) => host)), hosts);
  const booked = ledger.permits.map(permit =>
    gone.has(permit.host) ? FREE : bookingOf(permit, outcomes.get(permit.host)),
  );
  const failed = ledger.permits.flatMap((permit, n) => failureOf(permit, booked[n], ledger));
  return {
    ...ledger,
    permits: ledger.permits.filter((_, n) => booked[n]?.isFree === false),
    failures: failed.length > 0 ? [...ledger.failures, ...failed] : ledger.failures,
  };
};

const outcomesOf = (
  holders: ReadonlySet<string>,
  hosts: readonly HostStatus[],
): ReadonlyMap<string, ReportedOutcome | null> => {
  const outcomes = new Map<string, ReportedOutcome | null>();
  for (const {instance, outcome} of hosts) if (holders.has(instance)) outcomes.set(instance, outcome);
  return outcomes;
};

interface Booking {
  readonly isFree: boolean;
  /** what is counted as a failure */
  readonly failed?: ReportedOutcome;
}

const FREE: Booking = {isFree: true};
const OUT: Booking = {isFree: false};

/** What a host's last outcome says of its permit. One of a later fence: the host has forgotten this one. */
const bookingOf = ({fence}: Permit, outcome: ReportedOutcome | null | undefined): Booking => {
  if (!outcome || outcome.fence < fence) return OUT;
  if (outcome.fence > fence) return FREE;
  const failed = outcome.result === 'rolled-back' || outcome.result === 'stuck';
  return {isFree: outcome.result !== 'stuck', ...(failed && {failed: outcome})};
};

/** Each fence counts once, and only for the rollout of now. */
const failureOf = (
  {host, fence, version}: Permit,
  booking: Booking | undefined,
  {rollout, failures}: Ledger,
): readonly Failure[] =>
  booking?.failed && version === rollout?.version && !failures.some(failure => failure.fence === fence)
    ? [{host, fence, cause: booking.failed.cause}]
    : [];

const grant = (start: Ledger, {hosts, missing, policy, unreadable, now}: FleetView): Plan => {
  const admitted = admission({ledger: start, hosts, missing, policy});
  const version = start.rollout?.version;
  const waiting = hosts.filter(
    host => host.wants !== null && host.wants.version === version && !admitted.holdsPermit(host),
  );
  const granted: Permit[] = [];
  let blocked: Reason | null = null;
  for (const host of inOrder(waiting)) {
    const cause = unreadable ?? admitted.refusal(host);
    blocked ??= cause;
    if (cause?.kind === 'permit.halted') continue; // a host that goes back wants another release, which may go
    if (cause || !host.wants) break; // what holds for this host holds for all after it
    const fence = start.fence + granted.length + 1;
    granted.push({host: host.instance, fence, ...host.wants, since: now});
    admitted.admit(host);
  }
  const fence = start.fence + granted.length;
  return {ledger: {...start, fence, permits: [...start.permits, ...granted], blocked}, granted};
};
