import type {HostStatus} from '../host/status.ts';
import type {Amount, Policy} from '../policy.ts';
import {type Reason, reason} from '../reason.ts';
import {parseRelease, shortRelease} from '../release.ts';
import type {Ledger} from './ledger.ts';
import type {Missing} from './members.ts';

export interface AdmissionView {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
  /** hosts that are not seen any more and not known to be gone */
  readonly missing: readonly Missing[];
  readonly policy: Policy;
}

/** Why this host gets no permit now, or null when it may have one. */
export const refusal = (view: AdmissionView, host: HostStatus): Reason | null => {
  const {ledger, hosts, policy} = view;
  const {permits, failures, rollout} = ledger;
  const release = host.wants?.release ?? '';
  if (release === rollout?.release && failures.length >= policy.budget) {
    return reason('permit.halted', {
      failures: failures.length,
      budget: policy.budget,
      release: shortId(release),
    });
  }
  const size = fleetSize(view);
  const limit = Math.max(1, atMost(policy.concurrency, size));
  if (permits.length >= limit) return allOut(view, limit);
  // A host that does not serve takes nothing away.
  if (!host.serving) return null;
  const serving = servingHosts(ledger, hosts).length;
  const floor = Math.min(size - 1, atLeast(policy.floor, size));
  return serving - 1 < floor ? reason('permit.floor', {serving, floor, idle: idleHosts(view)}) : null;
};

const allOut = ({ledger: {permits}, missing}: AdmissionView, limit: number): Reason => {
  const out = permits.length;
  const lost = missing.find(({host}) => permits.some(permit => permit.host === host));
  return lost
    ? reason('permit.holder-missing', {out, limit, host: lost.host, ec2: lost.ec2})
    : reason('permit.concurrency', {out, limit, holders: listed(permits.map(({host}) => host))});
};

/** A few names of a list, and how many more there are. */
export const listed = (names: readonly string[]): string =>
  names.length <= LISTED
    ? names.join(', ')
    : `${names.slice(0, LISTED).join(', ')} and ${names.length - LISTED} more`;

const LISTED = 5;

const shortId = (id: string): string => {
  const release = parseRelease(id);
  return release ? shortRelease(release) : id;
};

/** Hosts that serve, that get traffic as far as anybody knows, and are not on their way out. */
export const servingHosts = ({permits}: Ledger, hosts: readonly HostStatus[]): readonly HostStatus[] =>
  hosts.filter(host => isInTraffic(host) && !permits.some(permit => permit.host === host.instance));

const isInTraffic = ({serving, visible}: HostStatus): boolean => serving && visible !== false;

/** Whom an operator has to look at when capacity is short: every host that does not serve, and what it does instead. */
const idleHosts = ({ledger: {permits}, hosts, missing}: AdmissionView): string => {
  const holds = ({instance}: HostStatus) => permits.some(({host}) => host === instance);
  const present = hosts
    .filter(host => !isInTraffic(host) || holds(host))
    .map(host => `${host.instance} (${holds(host) ? 'has a permit' : doingOf(host)})`);
  return listed([...missing.map(({host}) => `${host} (not seen any more)`), ...present]);
};

const doingOf = ({phase, serving}: HostStatus): string => {
  if (serving) return 'its return to traffic is not in the catalog yet';
  return phase === 'serving' ? 'fails its probes' : phase;
};

// A host that is not seen counts: it is out of service until it is known to be gone.
const fleetSize = ({ledger: {permits}, hosts, missing}: AdmissionView): number =>
  new Set([
    ...hosts.map(host => host.instance),
    ...permits.map(permit => permit.host),
    ...missing.map(({host}) => host),
  ]).size;

const atMost = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.floor((size * amount.percent) / 100);

// A floor no fleet could ever move under is one host lower: see `refusal`.
const atLeast = (amount: Amount, size: number): number =>
  'count' in amount ? amount.count : Math.ceil((size * amount.percent) / 100);
