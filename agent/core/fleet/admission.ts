import type {HostStatus} from '../host/status.ts';
import type {Amount, Policy} from '../policy.ts';
import {type Reason, reason} from '../reason.ts';
import {parseRelease, shortRelease} from '../release.ts';
import type {Ledger} from './ledger.ts';

export interface AdmissionView {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
  readonly policy: Policy;
}

/** Why this host gets no permit now, or null when it may have one. */
export const refusal = ({ledger, hosts, policy}: AdmissionView, host: HostStatus): Reason | null => {
  const {permits, failures, rollout} = ledger;
  const release = host.wants?.release ?? '';
  if (release === rollout?.release && failures.length >= policy.budget) {
    return reason('permit.halted', {
      failures: failures.length,
      budget: policy.budget,
      release: shortId(release),
    });
  }
  const size = fleetSize(ledger, hosts);
  const limit = Math.max(1, atMost(policy.concurrency, size));
  if (permits.length >= limit) {
    const holders = permits.map(permit => permit.host).join(', ');
    return reason('permit.concurrency', {out: permits.length, limit, holders});
  }
  const serving = servingHosts(ledger, hosts).length;
  const floor = Math.min(size - 1, atLeast(policy.floor, size));
  return host.serving && serving - 1 < floor ? reason('permit.floor', {serving, floor}) : null;
};

const shortId = (id: string): string => {
  const release = parseRelease(id);
  return release ? shortRelease(release) : id;
};

/** Hosts that serve and are not on their way out. */
export const servingHosts = ({permits}: Ledger, hosts: readonly HostStatus[]): readonly HostStatus[] =>
  hosts.filter(host => host.serving && !permits.some(permit => permit.host === host.instance));

// A host that holds a permit but is not seen counts: it is out of service until it is known to be gone.
const fleetSize = ({permits}: Ledger, hosts: readonly HostStatus[]): number =>
  new Set([...hosts.map(host => host.instance), ...permits.map(permit => permit.host)]).size;

const atMost = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.floor((size * amount.percent) / 100);

// A floor no fleet could ever move under is one host lower: see `refusal`.
const atLeast = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.ceil((size * amount.percent) / 100);
