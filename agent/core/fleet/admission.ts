import type {HostStatus} from '../host/status.ts';
import type {Amount, Policy} from '../policy.ts';
import {type Reason, reason} from '../reason.ts';
import {shortId} from '../release.ts';
import type {Ledger} from './ledger.ts';
import type {Missing} from './members.ts';
import {listed, listedBy} from './names.ts';

/** So many permits are out at most, whatever the policy says: the ledger has to fit into one value of a store (256 KiB). */
export const MOST = 1_000;

export interface AdmissionView {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
  /** hosts that are not seen any more and not known to be gone */
  readonly missing: readonly Missing[];
  readonly policy: Policy;
}

export interface Admission {
  /** Why this host gets no permit now, or null when it may have one. */
  refusal(host: HostStatus): Reason | null;
  holdsPermit(host: HostStatus): boolean;
  /** This host has a permit from now on. */
  admit(host: HostStatus): void;
}

/**
 * Who may have a permit, counted once for a whole plan: what a fleet of thousands is asked for each host is a number. Refusals
 * but that of a spent budget are the same for every later host, when hosts that do not serve come first.
 */
export const admission = (view: AdmissionView): Admission => {
  const {ledger, hosts, policy} = view;
  const {failures, rollout} = ledger;
  const holders = new Set(ledger.permits.map(({host}) => host));
  const size = fleetSize(view);
  const limit = Math.max(1, Math.min(MOST, atMost(policy.concurrency, size)));
  const floor = Math.min(size - 1, atLeast(policy.floor, size));
  const isSpent = failures.length >= policy.budget;
  let serving = servingCount(holders, hosts);

  return {
    holdsPermit: host => holders.has(host.instance),
    refusal: host => {
      const release = host.wants?.release ?? '';
      if (isSpent && release === rollout?.release)
        return reason('permit.halted', {
          failures: failures.length,
          budget: policy.budget,
          release: shortId(release),
        });
      if (holders.size >= limit) return allOut(view, holders, limit);
      // A host that does not serve takes nothing away.
      if (!host.serving || serving - 1 >= floor) return null;
      return reason('permit.floor', {serving, floor, idle: idleHosts(view, holders)});
    },
    admit: host => {
      holders.add(host.instance);
      if (isInTraffic(host)) serving -= 1;
    },
  };
};

const allOut = ({missing}: AdmissionView, holders: ReadonlySet<string>, limit: number): Reason => {
  const out = holders.size;
  const lost = missing.find(({host}) => holders.has(host));
  return lost
    ? reason('permit.holder-missing', {out, limit, host: lost.host, ec2: lost.ec2})
    : reason('permit.concurrency', {out, limit, holders: listed([...holders])});
};

/** How many hosts serve, get traffic as far as anybody knows, and are not on their way out. */
const servingCount = (holders: ReadonlySet<string>, hosts: readonly HostStatus[]): number => {
  let count = 0;
  for (const host of hosts) if (isInTraffic(host) && !holders.has(host.instance)) count += 1;
  return count;
};

const isInTraffic = ({serving, visible}: HostStatus): boolean => serving && visible !== false;

/** Whom an operator has to look at when capacity is short: every host that does not serve, and what it does instead. */
const idleHosts = ({hosts, missing}: AdmissionView, holders: ReadonlySet<string>): string => {
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

// A host that is not seen counts: it is out of service until it is known to be gone.
const fleetSize = ({ledger: {permits}, hosts, missing}: AdmissionView): number => {
  const unseen = new Set([...permits, ...missing].map(({host}) => host));
  for (const {instance} of hosts) unseen.delete(instance);
  return hosts.length + unseen.size;
};

const atMost = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.floor((size * amount.percent) / 100);

// A floor no fleet could ever move under is one host lower: see `admission`.
const atLeast = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.ceil((size * amount.percent) / 100);
