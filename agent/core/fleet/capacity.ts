/** Who counts, and how many of them serve: over all and in each zone. Counted once for a whole plan, and kept while permits are given. */
import type {HostStatus} from '../host/status.ts';
import {atLeast, atMost} from '../policy/amount.ts';
import type {Policy} from '../policy/policy.ts';
import {type Reason, reason} from '../reason.ts';
import type {Ledger} from './ledger.ts';
import type {Missing} from './members.ts';
import {listedBy} from './names.ts';

/** So many permits are out at most, whatever the policy says: the ledger has to fit into one value of a store (256 KiB). */
export const MOST = 1_000;

export interface CapacityView {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
  /** hosts that are not seen any more and not known to be gone */
  readonly missing: readonly Missing[];
  readonly policy: Policy;
  /** hosts that are not waited for, see `Desired.force` */
  readonly forced: ReadonlySet<string>;
}

export interface Capacity {
  readonly size: number;
  /** hosts with a permit */
  readonly holders: ReadonlySet<string>;
  /** Why nobody else may be out at once. */
  limitReached(): Reason | null;
  /** Why the fleet cannot do without one more host that serves. */
  floorReached(): Reason | null;
  /** The same for a zone. */
  zoneFloorReached(zone: string): Reason | null;
  /** This host is out from now on. */
  take(host: HostStatus): void;
}

interface Count {
  size: number;
  serving: number;
}

/** How many hosts the fleet has that count. */
export const sizeOf = (view: Omit<CapacityView, 'policy'>): number => {
  const names = new Set(
    view.hosts
      .filter(host => isInTraffic(host) || !view.forced.has(host.instance))
      .map(({instance}) => instance),
  );
  for (const {host} of [...view.ledger.permits, ...view.missing]) if (!view.forced.has(host)) names.add(host);
  return names.size;
};

/** Counts a fleet. A host that is not seen counts as one that does not serve: it is out of service until it is known to be gone. */
export const capacityOf = (view: CapacityView): Capacity => {
  const {ledger, policy} = view;
  const missing = view.missing.filter(({host}) => !view.forced.has(host));
  const hosts = view.hosts.filter(host => isInTraffic(host) || !view.forced.has(host.instance));
  const holders = new Set(ledger.permits.map(({host}) => host));
  const {all, zones, out} = count({...view, hosts, missing}, holders);
  const limit = Math.max(1, Math.min(MOST, atMost(policy.concurrency, all.size)));
  let away = out.length;
  return {
    size: all.size,
    holders,
    limitReached: () => (away < limit ? null : allOut(missing, holders, {out: away, limit})),
    floorReached: () => {
      const floor = Math.min(all.size - 1, atLeast(policy.floor, all.size));
      if (all.serving - 1 >= floor) return null;
      const {serving} = all;
      return reason('permit.floor', {serving, floor, idle: idleHosts(hosts, missing, holders)});
    },
    zoneFloorReached: zone => {
      const counted = zones.get(zone);
      if (!policy.zones.floor || !counted) return null;
      const {size, serving} = counted;
      const floor = Math.min(size - 1, atLeast(policy.zones.floor, size));
      if (serving - 1 >= floor) return null;
      const here = hosts.filter(host => host.zone === zone);
      const away = missing.filter(host => host.zone === zone);
      return reason('permit.zone-floor', {zone, serving, floor, idle: idleHosts(here, away, holders)});
    },
    take: host => {
      holders.add(host.instance);
      if (isInTraffic(host) || !view.forced.has(host.instance)) away += 1;
      if (!isInTraffic(host)) return;
      all.serving -= 1;
      const counted = zones.get(host.zone);
      if (counted) counted.serving -= 1;
    },
  };
};

const count = (
  {ledger, hosts, missing, forced}: CapacityView,
  holders: ReadonlySet<string>,
): {readonly all: Count; readonly zones: Map<string, Count>; readonly out: readonly string[]} => {
  const all = {size: 0, serving: 0};
  const zones = new Map<string, Count>();
  const add = (zone: string | null, serving: number): void => {
    all.size += 1;
    all.serving += serving;
    if (zone === null) return;
    const counted = zones.get(zone) ?? {size: 0, serving: 0};
    zones.set(zone, {size: counted.size + 1, serving: counted.serving + serving});
  };
  const seen = new Set<string>();
  for (const host of hosts) {
    seen.add(host.instance);
    add(host.zone, isInTraffic(host) && !holders.has(host.instance) ? 1 : 0);
  }
  const unseen = new Map<string, string | null>();
  for (const {host} of ledger.permits) if (!forced.has(host)) unseen.set(host, null);
  for (const {host, zone} of missing) unseen.set(host, zone ?? null);
  for (const [host, zone] of unseen) if (!seen.has(host)) add(zone, 0);
  // a host that is not waited for keeps nobody else in
  const out = [...holders].filter(host => seen.has(host) || !forced.has(host));
  return {all, zones, out};
};

/** True for a host that serves and, as far as anybody knows, gets requests. */
export const isInTraffic = ({serving, visible}: HostStatus): boolean => serving && visible !== false;

const allOut = (
  missing: readonly Missing[],
  holders: ReadonlySet<string>,
  {out, limit}: {readonly out: number; readonly limit: number},
): Reason => {
  const lost = missing.find(({host}) => holders.has(host));
  return lost
    ? reason('permit.holder-missing', {out, limit, host: lost.host, ec2: lost.ec2})
    : reason('permit.concurrency', {out, limit, holders: listedBy([...holders], host => host)});
};

/** Whom an operator has to look at when capacity is short: every host that does not serve, and what it does instead. */
const idleHosts = (
  hosts: readonly HostStatus[],
  missing: readonly Missing[],
  holders: ReadonlySet<string>,
): string => {
  const holds = ({instance}: HostStatus) => holders.has(instance);
  const present = hosts.filter(host => !isInTraffic(host) || holds(host));
  return listedBy<Missing | HostStatus>([...missing, ...present], each =>
    'host' in each
      ? `${each.host} (not seen any more)`
      : `${each.instance} (${holds(each) ? 'has a permit' : doingOf(each)})`,
  );
};

const doingOf = ({phase, serving}: HostStatus): string => {
  if (serving) return 'nobody sends it requests yet: agentctl status there says why';
  return phase === 'serving' ? 'fails its probes' : phase;
};
