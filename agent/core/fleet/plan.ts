/** The rollout planner: what the ledger says next. Pure; whoever wears the coordinator's hat writes the result. */
import type {Desired} from '../desired.ts';
import type {HostStatus} from '../host/status.ts';
import type {Policy} from '../policy.ts';
import {type Reason, reason} from '../reason.ts';
import {parseRelease, releaseId, shortRelease} from '../release.ts';
import {listed, refusal} from './admission.ts';
import type {Ledger, Permit} from './ledger.ts';
import type {Missing} from './members.ts';
import {inOrder} from './order.ts';
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
  return {...next, ledger: {...ledger, blocked: ledger.blocked ?? notProven(ledger, view)}};
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
const noteProven = (ledger: Ledger, view: FleetView): Ledger => {
  const release = ledger.rollout?.release;
  const proven = release !== undefined && isFinished(ledger, view) && unseen(ledger, view).length === 0;
  return proven ? {...ledger, proven: release, previous: ledger.proven} : ledger;
};

/** Every host that is seen serves the release, for the first time. */
const isFinished = ({rollout, proven, permits}: Ledger, {hosts}: FleetView): boolean =>
  rollout !== null &&
  proven !== rollout.release &&
  permits.length === 0 &&
  hosts.length > 0 &&
  hosts.every(host => host.active === rollout.release && host.serving);

/** Hosts that were there during this rollout and that nobody has seen finish it. */
const unseen = ({rollout}: Ledger, {missing}: FleetView): readonly Missing[] =>
  missing.filter(each => each.rollout === rollout?.version);

const notProven = (ledger: Ledger, view: FleetView): Reason | null => {
  const release = ledger.rollout && parseRelease(ledger.rollout.release);
  if (!release || !isFinished(ledger, view)) return null;
  const names = unseen(ledger, view).map(({host, ec2}) => `${host} (EC2: ${ec2})`);
  return reason('rollout.unseen', {release: shortRelease(release), hosts: listed(names)});
};

const grant = (start: Ledger, {hosts, missing, policy, unreadable, now}: FleetView): Plan => {
  let ledger: Ledger = {...start, blocked: null};
  const granted: Permit[] = [];
  for (const host of inOrder(hosts)) {
    const {wants} = host;
    if (!wants || wants.version !== ledger.rollout?.version || holdsPermit(ledger, host)) continue;
    const cause = unreadable ?? refusal({ledger, hosts, missing, policy}, host);
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
