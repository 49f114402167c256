/** Who may have a permit, and why nobody else may. */
import type {Desired} from '../desired.ts';
import type {HostStatus} from '../host/status.ts';
import {isOpen, opensAt} from '../policy/window.ts';
import {type Reason, reason} from '../reason.ts';
import {shortId} from '../release.ts';
import {utcText} from '../utc.ts';
import {type CapacityView, capacityOf} from './capacity.ts';
import {takenBack} from './failure/revert.ts';
import {budgetOf, failedHosts, verdictOf} from './failure/verdict.ts';
import type {Rollout} from './ledger.ts';
import type {Freeze} from './stops.ts';
import {type Reach, reachOf, updatedCount} from './wave.ts';
import {zoneInTurn} from './zone.ts';

export interface AdmissionView extends CapacityView {
  readonly desired: Desired | null;
  readonly freeze: Freeze | null;
  /** ms since the epoch */
  readonly now: number;
}

/** Whom a refusal holds for, besides the host that was asked for. */
export type Scope =
  /** everybody who comes after it in the order */
  | 'all'
  /** those that want the release of the rollout: a host that goes back wants another one */
  | 'release'
  | 'zone'
  | 'host';

export interface Refusal {
  readonly scope: Scope;
  readonly cause: Reason;
}

export interface Admission {
  /** Why this host gets no permit now, or null when it may have one. Hosts are asked for in the order of `inOrder`. */
  refusal(host: HostStatus): Refusal | null;
  holdsPermit(host: HostStatus): boolean;
  /** This host has a permit from now on. */
  admit(host: HostStatus): void;
}

/** Counts everything once for a whole plan: what a fleet of thousands is asked for each host is a number. */
export const admission = (view: AdmissionView): Admission => {
  const {ledger, hosts, policy, desired} = view;
  const capacity = capacityOf(view);
  const {rollout} = ledger;
  const ahead = rollout && onTheRelease(rollout, view, capacity.size);
  const reach = reachOf(ledger, {...view, size: capacity.size, share: desired?.share ?? null});
  const zone = policy.zones.inTurn ? zoneInTurn(view) : null;
  let reached = rollout ? updatedCount(rollout.release, hosts, capacity.holders) : 0;
  for (const {release} of ledger.permits) if (release === rollout?.release) reached += 1;

  const forward = (host: HostStatus): Refusal | null => {
    if (ahead) return {scope: 'release', cause: ahead};
    if (reach && reached >= reach.quota) return {scope: 'release', cause: reach.limit(reached)};
    return reach && isLater(host, reach) ? {scope: 'host', cause: reach.limit(reached)} : null;
  };
  const room = (host: HostStatus): Refusal | null => {
    const full = capacity.limitReached();
    if (full) return {scope: 'all', cause: full};
    if (zone !== null && host.zone !== zone)
      return {scope: 'zone', cause: reason('permit.zone-turn', {zone, waits: host.zone})};
    if (!host.serving) return null; // it takes nothing away
    const low = capacity.floorReached();
    if (low) return {scope: 'all', cause: low};
    const lowHere = capacity.zoneFloorReached(host.zone);
    return lowHere && {scope: 'zone', cause: lowHere};
  };

  return {
    holdsPermit: host => capacity.holders.has(host.instance),
    refusal: host => {
      if (view.freeze) return {scope: 'all', cause: frozen(view.freeze)};
      return (host.wants?.release === rollout?.release ? forward(host) : null) ?? room(host);
    },
    admit: host => {
      capacity.take(host);
      if (host.wants?.release === rollout?.release) reached += 1;
      if (host.active === rollout?.release) reached -= 1;
    },
  };
};

const isLater = ({canary}: HostStatus, {onlyCanaries}: Reach): boolean => onlyCanaries && canary !== true;

const frozen = ({by, note, at}: Freeze): Reason =>
  reason('permit.frozen', {by, note, since: at === null ? '' : utcText(at)});

/** Why no host at all may begin the release of the rollout now. */
const onTheRelease = (rollout: Rollout, view: AdmissionView, size: number): Reason | null => {
  const back = takenBack(rollout);
  if (back) return back;
  const {release, way} = rollout;
  const short = shortId(release);
  const {ledger, policy, desired, now} = view;
  if (ledger.denied.includes(release)) return reason('permit.denied', {release: short});
  const failures = failedHosts(ledger.failures);
  const budget = budgetOf(policy, size);
  if (failures >= budget) {
    const verdict = verdictOf(ledger.failures) ?? 'host';
    return reason('permit.halted', {failures, budget, release: short, verdict});
  }
  if (way === 'back') return null;
  if (policy.requireMessage && !desired?.message) return reason('permit.message', {release: short});
  return isOpen(policy.windows, now) ? null : closed(view);
};

const closed = ({policy, now}: AdmissionView): Reason => {
  const opens = opensAt(policy.windows, now);
  return reason('permit.window', {opens: opens === null ? '' : utcText(opens)});
};
