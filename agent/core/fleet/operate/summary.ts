/** A fleet in numbers. */
import type {HostStatus} from '../../host/status.ts';
import {releaseId} from '../../release.ts';
import {isInTraffic, sizeOf} from '../capacity.ts';
import type {FleetView} from '../plan.ts';
import {updatedCount} from '../wave.ts';

export interface Count {
  readonly name: string;
  readonly hosts: number;
  readonly serving: number;
}

/** Hosts by what they have in common, the largest group first. */
export const countBy = (
  hosts: readonly HostStatus[],
  nameOf: (host: HostStatus) => string,
): readonly Count[] => {
  const groups = new Map<string, HostStatus[]>();
  for (const host of hosts) {
    const group = groups.get(nameOf(host)) ?? [];
    groups.set(nameOf(host), group);
    group.push(host);
  }
  return [...groups.keys()]
    .toSorted()
    .map(name => countOf(name, groups.get(name) ?? []))
    .toSorted((a, b) => b.hosts - a.hosts);
};

const countOf = (name: string, hosts: readonly HostStatus[]): Count => ({
  name,
  hosts: hosts.length,
  serving: hosts.filter(isInTraffic).length,
});

/** What of the fleet is chosen. What is not told chooses nothing away; `release` may be the beginning of an id. */
export interface Filter {
  readonly zone?: string;
  readonly phase?: string;
  readonly release?: string;
  readonly role?: string;
  readonly canary?: true;
}

/** The hosts that a filter leaves. */
export const chosen = (hosts: readonly HostStatus[], filter: Filter): readonly HostStatus[] =>
  hosts.filter(
    ({zone, phase, active, role, canary}) =>
      (filter.zone === undefined || zone === filter.zone) &&
      (filter.phase === undefined || phase === filter.phase) &&
      (filter.release === undefined || (active ?? 'none').startsWith(filter.release)) &&
      (filter.role === undefined || role === filter.role) &&
      (filter.canary === undefined || canary === true),
  );

/** How far a rollout is: so many of `size` hosts have the release and need no permit for it any more. */
export const progressOf = (view: FleetView): {readonly done: number; readonly size: number} => {
  const {ledger, desired, hosts} = view;
  const size = sizeOf({...view, forced: new Set(desired?.force ?? [])});
  const release = ledger.rollout?.revert?.release ?? ledger.rollout?.release ?? askedFor(view);
  if (release === null) return {done: 0, size};
  return {done: updatedCount(release, hosts, new Set(ledger.permits.map(({host}) => host))), size};
};

const askedFor = ({desired}: FleetView): string | null => desired && releaseId(desired.release);
