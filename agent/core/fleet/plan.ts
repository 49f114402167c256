/** The rollout planner: what the ledger says next. Pure; whoever wears the coordinator's hat writes the result. */
import type {Desired} from '../desired.ts';
import type {HostStatus, ReportedOutcome} from '../host/status.ts';
import type {Policy} from '../policy/policy.ts';
import {opensAt} from '../policy/window.ts';
import {type Reason, reason} from '../reason.ts';
import {releaseId} from '../release.ts';
import {utcText} from '../utc.ts';
import {withHosts} from './about.ts';
import {admission, type Refusal, type Scope} from './admission.ts';
import {sizeOf} from './capacity.ts';
import {beginRevert} from './failure/revert.ts';
import {noteUnwell, unwellAt} from './failure/unwell.ts';
import {isSpent, noteDenied} from './failure/verdict.ts';
import type {Failure, Ledger, Permit} from './ledger.ts';
import type {Missing} from './members.ts';
import {isSameOperator} from './operate/operator.ts';
import {inOrder} from './order.ts';
import {noteProven, notProven} from './proven.ts';
import {recall} from './recall.ts';
import type {Freeze, Lock} from './stops.ts';
import {bakedAt, moveWaves} from './wave.ts';

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
  readonly freeze: Freeze | null;
  readonly lock: Lock | null;
  readonly missing: readonly Missing[];
  readonly gone: ReadonlySet<string>;
  /** what a store that was restored from an older snapshot has forgotten; null as a rule */
  readonly restored?: Restored | null;
  readonly now: number;
}

/** The ledger is older than one that was seen before. */
export interface Restored {
  /** the last fence that was seen */
  readonly fence: number;
  /** when hosts have told the store again what it forgot, ms since the epoch: nobody gets a permit before */
  readonly until: number;
}

export interface Plan {
  readonly ledger: Ledger;
  /** the permits that are new: their hosts are woken once the ledger is written */
  readonly granted: readonly Permit[];
  /** when time alone changes the answer, ms since the epoch; null: only what hosts or operators do does */
  readonly lookAt: number | null;
}

/** The next ledger: outcomes are booked, what is proven, denied or taken back is noted, and permits are given while the policy allows. */
export const plan = (view: FleetView): Plan => {
  const {desired, policy} = view;
  const forced = new Set(desired?.force ?? []);
  const begun = beginRollout(view.ledger, view);
  const booked = noteUnwell(bookOutcomes(recall(begun, view), view), view);
  const size = sizeOf({...view, ledger: booked, forced});
  const spent = isSpent(booked, policy, size);
  const judged = beginRevert(noteDenied(booked, spent), view, spent, size);
  const proven = noteProven(judged, {...view, forced});
  const moved = moveWaves(proven, {...view, size, share: desired?.share ?? null});
  const next = grant(moved, view, forced);
  const {ledger} = next;
  const blocked = ledger.blocked ?? locked(ledger, view) ?? notProven(ledger, {...view, forced});
  const lookAt = earliest(bakedAt(ledger, policy), unwellAt(ledger), opening(next.ledger, view));
  return {...next, lookAt, ledger: withHosts({...ledger, blocked}, view.hosts.length)};
};

const earliest = (...moments: readonly (number | null)[]): number | null => {
  const known = moments.filter(moment => moment !== null);
  return known.length === 0 ? null : Math.min(...known);
};

const opening = ({blocked}: Ledger, {policy, restored, now}: FleetView): number | null => {
  if (blocked?.kind === 'permit.restored') return restored?.until ?? null;
  return blocked?.kind === 'permit.window' ? opensAt(policy.windows, now) : null;
};

/** A new desired version begins a new rollout: the failures of the one before count no longer. */
const beginRollout = (ledger: Ledger, {desired, lock, now}: FleetView): Ledger => {
  if (!desired || desired.version === ledger.rollout?.version || isLocked(desired, lock)) return ledger;
  const release = releaseId(desired.release);
  const {rollout: last, proven, previous} = ledger;
  const same = last?.release === release && !last.revert ? last : null;
  const rollout = {
    number: (last?.number ?? 0) + 1,
    version: desired.version,
    release,
    since: now,
    way: release === proven || release === previous ? ('back' as const) : ('forward' as const),
    wave: same?.wave ?? 0,
    bakes: null,
    unwell: null,
    revert: null,
  };
  return {...ledger, rollout, failures: []};
};

const isLocked = ({by}: Desired, lock: Lock | null): lock is Lock =>
  lock !== null && !isSameOperator(by, lock.by);

const locked = ({rollout}: Ledger, {desired, lock}: FleetView): Reason | null => {
  if (!desired || desired.version === rollout?.version || !isLocked(desired, lock)) return null;
  const {by, why, at} = lock;
  return reason('permit.locked', {by, why, since: at === null ? '' : utcText(at)});
};

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

const grant = (
  start: Ledger,
  view: FleetView,
  forced: ReadonlySet<string>,
): Pick<Plan, 'ledger' | 'granted'> => {
  const {hosts, now} = view;
  const closed = view.unreadable ?? recovering(view);
  const admitted = admission({...view, ledger: start, forced});
  const version = start.rollout?.version;
  const waiting = hosts.filter(
    host => host.wants !== null && host.wants.version === version && !admitted.holdsPermit(host),
  );
  const refusals = createRefusals(start.rollout?.release);
  const granted: Permit[] = [];
  for (const host of inOrder(waiting)) {
    if (refusals.cover(host)) continue;
    const refusal = closed ? {scope: 'all' as const, cause: closed} : admitted.refusal(host);
    if (refusal) refusals.note(host, refusal);
    if (refusal?.scope === 'all') break;
    if (refusal || !host.wants) continue;
    const fence = start.fence + granted.length + 1;
    granted.push({host: host.instance, fence, ...host.wants, since: now});
    admitted.admit(host);
  }
  const fence = start.fence + granted.length;
  const permits = [...start.permits, ...granted];
  return {ledger: {...start, fence, permits, blocked: refusals.cause()}, granted};
};

const recovering = ({restored, now}: FleetView): Reason | null =>
  restored && now < restored.until ? reason('permit.restored', {until: restored.until}) : null;

/** What holds for a host holds for others too: they are not asked for again, and the widest refusal is what everybody is told. */
const createRefusals = (release: string | undefined) => {
  const causes = new Map<Scope, Reason>();
  const zones = new Set<string>();
  return {
    cover: ({zone, wants}: HostStatus): boolean =>
      zones.has(zone) || (causes.has('release') && wants?.release === release),
    note: ({zone}: HostStatus, {scope, cause}: Refusal): void => {
      if (!causes.has(scope)) causes.set(scope, cause);
      if (scope === 'zone') zones.add(zone);
    },
    cause: (): Reason | null => WIDEST_FIRST.map(scope => causes.get(scope)).find(Boolean) ?? null,
  };
};

const WIDEST_FIRST: readonly Scope[] = ['all', 'release', 'zone', 'host'];
