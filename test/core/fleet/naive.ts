/** The planner as one would say it: every question asked anew of the whole fleet, for each host. What the real one has to agree with. */
import {EMPTY_LEDGER, type Ledger, type Permit} from '../../../agent/core/fleet/ledger.ts';
import type {FleetView, Plan} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import type {Amount} from '../../../agent/core/policy.ts';
import {releaseId} from '../../../agent/core/release.ts';

/** Ledger and grants without the texts of reasons: of `blocked` only the kind. */
export const naivePlan = (view: FleetView): Omit<Plan, 'ledger'> & {ledger: Omit<Ledger, 'blocked'>} => {
  const {hosts, desired, gone, missing, policy, unreadable, now} = view;
  let ledger: Ledger = view.ledger;
  if (desired && desired.version !== ledger.rollout?.version) {
    const rollout = {version: desired.version, release: releaseId(desired.release)};
    ledger = {...ledger, rollout, failures: []};
  }
  for (const host of hosts) ledger = claimed(ledger, host, now);
  for (const permit of ledger.permits) ledger = booked(ledger, permit, hosts, gone);
  const {rollout} = ledger;
  const isFinished =
    rollout !== null &&
    rollout.release !== ledger.proven &&
    ledger.permits.length === 0 &&
    hosts.length > 0 &&
    hosts.every(host => host.serving && host.active === rollout.release);
  if (rollout && isFinished && missing.every(each => each.rollout !== rollout.version))
    ledger = {...ledger, proven: rollout.release, previous: ledger.proven};
  const granted: Permit[] = [];
  for (const host of hosts.toSorted(byTurn)) {
    const holds = ledger.permits.some(permit => permit.host === host.instance);
    if (!host.wants || !rollout || host.wants.version !== rollout.version || holds || unreadable) continue;
    if (!mayGo(ledger, host, {hosts, missing, policy})) continue;
    const permit = {host: host.instance, fence: ledger.fence + 1, ...host.wants, since: now};
    granted.push(permit);
    ledger = {...ledger, fence: permit.fence, permits: [...ledger.permits, permit]};
  }
  const {blocked: _, ...rest} = {...EMPTY_LEDGER, ...ledger};
  return {ledger: rest, granted};
};

const claimed = (ledger: Ledger, {instance, permit, outcome, wants}: HostStatus, now: number): Ledger => {
  const fence = Math.max(ledger.fence, permit ?? 0, outcome?.fence ?? 0);
  const grown = {...ledger, fence};
  const isOver = outcome && permit !== null && outcome.fence >= permit && outcome.result !== 'stuck';
  const known = ledger.permits.find(each => each.host === instance)?.fence ?? -1;
  if (permit === null || !ledger.rollout || isOver || known >= permit) return grown;
  const {release, version} = wants ?? ledger.rollout;
  const others = ledger.permits.filter(each => each.host !== instance);
  return {...grown, permits: [...others, {host: instance, fence: permit, release, version, since: now}]};
};

const booked = (
  ledger: Ledger,
  permit: Permit,
  hosts: readonly HostStatus[],
  gone: ReadonlySet<string>,
): Ledger => {
  const free = {...ledger, permits: ledger.permits.filter(each => each.fence !== permit.fence)};
  if (gone.has(permit.host)) return free;
  const outcome = hosts.find(host => host.instance === permit.host)?.outcome;
  if (!outcome || outcome.fence < permit.fence) return ledger;
  if (outcome.fence > permit.fence) return free;
  const {result, cause} = outcome;
  const counts =
    ['rolled-back', 'stuck'].includes(result) &&
    permit.version === ledger.rollout?.version &&
    ledger.failures.every(each => each.fence !== permit.fence);
  const failure = {host: permit.host, fence: permit.fence, cause};
  const failures = counts ? [...ledger.failures, failure] : ledger.failures;
  return {...(result === 'stuck' ? ledger : free), failures};
};

const mayGo = (
  {permits, failures, rollout}: Ledger,
  host: HostStatus,
  {hosts, missing, policy}: Pick<FleetView, 'hosts' | 'missing' | 'policy'>,
): boolean => {
  if (host.wants?.release === rollout?.release && failures.length >= policy.budget) return false;
  const names = [
    hosts.map(each => each.instance),
    permits.map(each => each.host),
    missing.map(each => each.host),
  ];
  const size = new Set(names.flat()).size;
  const share = (amount: Amount, round: (n: number) => number): number =>
    'count' in amount ? amount.count : round((size * amount.percent) / 100);
  if (permits.length >= Math.max(1, share(policy.concurrency, Math.floor))) return false;
  const inTraffic = hosts.filter(
    each => each.serving && each.visible !== false && permits.every(permit => permit.host !== each.instance),
  );
  return !host.serving || inTraffic.length - 1 >= Math.min(size - 1, share(policy.floor, Math.ceil));
};

const byTurn = (a: HostStatus, b: HostStatus): number =>
  Number(a.serving) - Number(b.serving) || turnOf(a) - turnOf(b) || (a.instance < b.instance ? -1 : 1);

// FNV-1a, 32 bits
const turnOf = ({instance}: HostStatus): number =>
  [...instance].reduce(
    (hash, character) => Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0,
    0x811c9dc5,
  );
