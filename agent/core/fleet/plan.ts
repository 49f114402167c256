/** The rollout planner: what the ledger says next. Pure; whoever wears the coordinator's hat writes the result. */
import type {Desired} from '../desired.ts';
import type {HostStatus} from '../host/status.ts';
import type {Policy} from '../policy.ts';
import type {Reason} from '../reason.ts';
import {releaseId} from '../release.ts';
import {refusal} from './admission.ts';
import type {Ledger, Permit} from './ledger.ts';
import {inOrder} from './order.ts';

/** Everything the planner looks at. `gone`: instances known to be terminated. `now` is ms since the epoch. */
export interface FleetView {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
  readonly desired: Desired | null;
  readonly policy: Policy;
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
  const booked = bookOutcomes(begun, view);
  const proven = noteProven(booked, view.hosts);
  return grant(proven, view);
};

/** A new desired version begins a new rollout: the failures of the one before count no longer. */
const beginRollout = (ledger: Ledger, desired: Desired | null): Ledger =>
  !desired || desired.version === ledger.rollout?.version
    ? ledger
    : {...ledger, rollout: {version: desired.version, release: releaseId(desired.release)}, failures: []};

const bookOutcomes = (ledger: Ledger, {hosts, gone}: FleetView): Ledger =>
  ledger.permits.reduce((booked, permit) => {
    if (gone.has(permit.host)) return withoutPermit(booked, permit);
    const outcome = hosts.find(host => host.instance === permit.host)?.outcome;
    if (!outcome || outcome.fence < permit.fence) return booked;
    if (outcome.fence > permit.fence) return withoutPermit(booked, permit);
    const failed = outcome.result === 'rolled-back' || outcome.result === 'stuck';
    const noted = failed ? withFailure(booked, permit, outcome.cause) : booked;
    return outcome.result === 'stuck' ? noted : withoutPermit(noted, permit);
  }, ledger);

const withoutPermit = (ledger: Ledger, {fence}: Permit): Ledger => ({
  ...ledger,
  permits: ledger.permits.filter(permit => permit.fence !== fence),
});

const withFailure = (ledger: Ledger, {host, fence, version}: Permit, cause: Reason | null): Ledger =>
  version !== ledger.rollout?.version || ledger.failures.some(failure => failure.fence === fence)
    ? ledger
    : {...ledger, failures: [...ledger.failures, {host, fence, cause}]};

/** The release a whole rollout finished with is what new instances boot. */
const noteProven = (ledger: Ledger, hosts: readonly HostStatus[]): Ledger => {
  const release = ledger.rollout?.release;
  if (release === undefined || ledger.proven === release || ledger.permits.length > 0 || hosts.length === 0)
    return ledger;
  const finished = hosts.every(host => host.active === release && host.serving);
  return finished ? {...ledger, proven: release, previous: ledger.proven} : ledger;
};

const grant = (start: Ledger, {hosts, policy, now}: FleetView): Plan => {
  let ledger: Ledger = {...start, blocked: null};
  const granted: Permit[] = [];
  for (const host of inOrder(hosts)) {
    const {wants} = host;
    if (!wants || wants.version !== ledger.rollout?.version || holdsPermit(ledger, host)) continue;
    const cause = refusal({ledger, hosts, policy}, host);
    if (cause) {
      ledger = {...ledger, blocked: ledger.blocked ?? cause};
      continue;
    }
    const fence = ledger.fence + 1;
    const permit = {host: host.instance, fence, release: wants.release, version: wants.version, since: now};
    ledger = {...ledger, fence, permits: [...ledger.permits, permit]};
    granted.push(permit);
  }
  return {ledger, granted};
};

const holdsPermit = ({permits}: Ledger, {instance}: HostStatus): boolean =>
  permits.some(permit => permit.host === instance);
