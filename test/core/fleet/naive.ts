/** The planner as one would say it: every question asked anew of the whole fleet, for each host. What the real one has to agree with. */
import {EMPTY_LEDGER, type Failure, type Ledger, type Permit} from '../../../agent/core/fleet/ledger.ts';
import type {FleetView} from '../../../agent/core/fleet/plan.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import type {Amount} from '../../../agent/core/policy/amount.ts';
import type {Wave} from '../../../agent/core/policy/policy.ts';
import {isOpen} from '../../../agent/core/policy/window.ts';
import {releaseId} from '../../../agent/core/release.ts';

/** What is compared: ledger and grants without the texts of reasons. */
export interface NaivePlan {
  readonly ledger: Omit<Ledger, 'blocked'>;
  readonly granted: readonly Permit[];
}

export const naivePlan = (view: FleetView): NaivePlan => {
  const {gone, now} = view;
  let ledger = begun(view.ledger, view);
  for (const host of view.hosts) ledger = claimed(ledger, host, now);
  for (const permit of ledger.permits) ledger = booked(ledger, permit, view.hosts, gone);
  ledger = judged(unwell(ledger, view), view);
  ledger = proved(ledger, view);
  ledger = onward(ledger, view);
  const granted: Permit[] = [];
  let isClosed = false;
  for (const host of view.hosts.toSorted(byTurn)) {
    const {rollout} = ledger;
    const holds = ledger.permits.some(permit => permit.host === host.instance);
    if (!host.wants || !rollout || host.wants.version !== rollout.version || holds) continue;
    // what was refused for a release holds for all of a round, though a host that leaves it makes room
    isClosed ||= host.wants.release === rollout.release && !mayGoOn(ledger, view);
    if (isClosed && host.wants.release === rollout.release) continue;
    if (view.unreadable || view.freeze || isLater(ledger, host, view)) continue;
    if (!hasRoom(ledger, host, view)) continue;
    const permit = {host: host.instance, fence: ledger.fence + 1, ...host.wants, since: now};
    granted.push(permit);
    ledger = {...ledger, fence: permit.fence, permits: [...ledger.permits, permit]};
  }
  const {blocked: _, ...rest} = {...EMPTY_LEDGER, ...ledger};
  return {ledger: rest, granted};
};

const begun = (ledger: Ledger, {desired, lock, now}: FleetView): Ledger => {
  if (!desired || desired.version === ledger.rollout?.version || (lock && lock.by !== desired.by))
    return ledger;
  const release = releaseId(desired.release);
  const isBack = [ledger.proven, ledger.previous].includes(release);
  const isSame = ledger.rollout?.release === release && ledger.rollout.revert === null;
  const rollout = {
    number: (ledger.rollout?.number ?? 0) + 1,
    ...{version: desired.version, release, since: now, bakes: null, unwell: null, revert: null},
    way: isBack ? ('back' as const) : ('forward' as const),
    wave: isSame ? (ledger.rollout?.wave ?? 0) : 0,
  };
  return {...ledger, rollout, failures: []};
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

const unwell = (ledger: Ledger, {hosts, now}: FleetView): Ledger => {
  const {rollout, failures, proven} = ledger;
  if (!rollout || rollout.release === proven) return ledger;
  const ill = hosts.filter(
    ({active, phase, serving, permit, reason, instance}) =>
      active === rollout.release &&
      phase === 'serving' &&
      !serving &&
      permit === null &&
      reason !== null &&
      failures.every(({host}) => host !== instance),
  );
  if (ill.length === 0) return {...ledger, rollout: {...rollout, unwell: null}};
  const since = rollout.unwell ?? now;
  if (now - since < 60_000) return {...ledger, rollout: {...rollout, unwell: since}};
  const failed = ill.map(each => ({
    ...{host: each.instance, fence: each.outcome?.fence ?? 0, cause: each.reason},
  }));
  return {...ledger, rollout: {...rollout, unwell: null}, failures: [...failures, ...failed]};
};

const isForced = ({desired}: FleetView, host: string): boolean => (desired?.force ?? []).includes(host);
const inTraffic = ({serving, visible}: HostStatus): boolean => serving && visible !== false;

/** Name → zone of all that count. */
const members = (ledger: Ledger, view: FleetView): ReadonlyMap<string, string | null> => {
  const all = new Map<string, string | null>();
  for (const {host} of ledger.permits) if (!isForced(view, host)) all.set(host, null);
  for (const {host, zone} of view.missing) if (!isForced(view, host)) all.set(host, zone ?? null);
  for (const host of view.hosts) {
    all.delete(host.instance);
    if (inTraffic(host) || !isForced(view, host.instance)) all.set(host.instance, host.zone);
  }
  return all;
};

const amountOf = (amount: Amount, size: number, round: (n: number) => number): number =>
  'count' in amount ? amount.count : round((size * amount.percent) / 100);

const budget = (ledger: Ledger, view: FleetView): number =>
  Math.max(1, amountOf(view.policy.budget, members(ledger, view).size, Math.floor));

const hostsOf = (failures: readonly Failure[]): number => new Set(failures.map(({host}) => host)).size;

const judged = (ledger: Ledger, view: FleetView): Ledger => {
  const {rollout, proven, failures} = ledger;
  if (!rollout || failures.length === 0 || hostsOf(failures) < budget(ledger, view)) return ledger;
  const {release} = rollout;
  const ofRelease = failures.filter(({cause}) => /^(gate|bake|script|unit|health)\./.test(cause?.kind ?? ''));
  const isKnown = [proven, ...ledger.provenBefore, ...ledger.denied].includes(release);
  const denied = hostsOf(ofRelease) > 1 && !isKnown ? [...ledger.denied, release] : ledger.denied;
  const goesBack =
    view.policy.onFailure === 'revert' && rollout.way === 'forward' && proven !== null && proven !== release;
  if (!goesBack || rollout.revert) return {...ledger, denied};
  const revert = {release: proven, since: view.now, cause: failures[0]?.cause as never};
  return {...ledger, denied, rollout: {...rollout, bakes: null, revert}};
};

const proved = (ledger: Ledger, view: FleetView): Ledger => {
  const {rollout, proven, previous: _} = ledger;
  const {hosts, missing} = view;
  const isFinished =
    rollout !== null &&
    rollout.release !== proven &&
    rollout.revert === null &&
    !ledger.denied.includes(rollout.release) &&
    ledger.permits.every(({host}) => isForced(view, host)) &&
    hosts.length > 0 &&
    hosts.every(host => (host.serving && host.active === rollout.release) || isForced(view, host.instance)) &&
    missing.every(each => each.rollout !== rollout.version || isForced(view, each.host));
  if (!rollout || !isFinished) return ledger;
  const before = ledger.provenBefore.filter(each => each !== proven && each !== rollout.release);
  const provenBefore = [...before, ...(proven === null ? [] : [proven])];
  return {...ledger, proven: rollout.release, previous: proven, provenBefore};
};

const waveOf = ({rollout}: Ledger, {policy}: FleetView): Wave | undefined =>
  rollout?.way === 'forward' ? policy.waves[rollout.wave] : undefined;

const quota = (wave: Wave, ledger: Ledger, view: FleetView): number => {
  const canaries = view.hosts.filter(({canary}) => canary).length;
  return Math.max(1, wave === 'canary' ? canaries : amountOf(wave, members(ledger, view).size, Math.ceil));
};

const holds = ({permits}: Ledger, {instance}: HostStatus): boolean =>
  permits.some(({host}) => host === instance);

const updated = (ledger: Ledger, {hosts}: FleetView): number =>
  hosts.filter(host => host.active === ledger.rollout?.release && !holds(ledger, host)).length;

const onward = (ledger: Ledger, view: FleetView): Ledger => {
  const {rollout} = ledger;
  if (!rollout || rollout.revert) return ledger;
  const wave = waveOf(ledger, view);
  const stays = {...ledger, rollout: {...rollout, bakes: null}};
  const share = view.desired?.share;
  const size = members(ledger, view).size;
  if (!wave || (share && amountOf(share, size, Math.ceil) < quota(wave, ledger, view))) return stays;
  const reached = updated(ledger, view);
  const isWell = view.hosts.every(
    host => host.active !== rollout.release || host.serving || host.permit !== null,
  );
  const isIdle = ledger.permits.every(({version}) => version !== rollout.version);
  if (reached < Math.min(size, quota(wave, ledger, view)) || !isWell || !isIdle) return stays;
  const bakes = rollout.bakes ?? view.now;
  if (view.now - bakes < view.policy.bakeMs) return {...ledger, rollout: {...rollout, bakes}};
  let next = {...stays, rollout: {...stays.rollout, wave: rollout.wave + 1}};
  for (;;) {
    const after = waveOf(next, view);
    if (!after || quota(after, next, view) > reached) return next;
    next = {...next, rollout: {...next.rollout, wave: next.rollout.wave + 1}};
  }
};

const isLater = (ledger: Ledger, host: HostStatus, view: FleetView): boolean =>
  host.wants?.release === ledger.rollout?.release &&
  waveOf(ledger, view) === 'canary' &&
  view.hosts.some(({canary}) => canary) &&
  host.canary !== true;

const mayGoOn = (ledger: Ledger, view: FleetView): boolean => {
  const {permits, failures, rollout, denied} = ledger;
  if (!rollout) return true;
  if (rollout.revert || denied.includes(rollout.release)) return false;
  if (hostsOf(failures) >= budget(ledger, view)) return false;
  if (rollout.way === 'forward' && !isLetForward(view)) return false;
  const onTheWay = permits.filter(({release}) => release === rollout.release).length;
  const reached = updated(ledger, view) + onTheWay;
  const wave = waveOf(ledger, view);
  if (wave && reached >= quota(wave, ledger, view)) return false;
  const share = view.desired?.share;
  const size = members(ledger, view).size;
  return !share || reached < Math.max(1, amountOf(share, size, Math.ceil));
};

const isLetForward = ({policy, desired, now}: FleetView): boolean =>
  (!policy.requireMessage || Boolean(desired?.message)) && isOpen(policy.windows, now);

const hasRoom = (ledger: Ledger, host: HostStatus, view: FleetView): boolean => {
  const {hosts, policy} = view;
  const all = members(ledger, view);
  const serves = (name: string): boolean => hosts.some(each => each.instance === name && inTraffic(each));
  const names = ledger.permits.map(each => each.host);
  const out = new Set(names.filter(name => serves(name) || !isForced(view, name)));
  if (out.size >= Math.max(1, amountOf(policy.concurrency, all.size, Math.floor))) return false;
  if (policy.zones.inTurn && host.zone !== turn(ledger, view)) return false;
  if (!host.serving) return true;
  const here = [...all].filter(([, zone]) => zone === host.zone).map(([name]) => name);
  const inZone = policy.zones.floor === null || keeps(ledger, view, here, policy.zones.floor);
  return inZone && keeps(ledger, view, [...all.keys()], policy.floor);
};

/** One less of these still leaves enough. */
const keeps = (ledger: Ledger, {hosts}: FleetView, names: readonly string[], amount: Amount): boolean => {
  const least = Math.min(names.length - 1, amountOf(amount, names.length, Math.ceil));
  const counts = (each: HostStatus): boolean =>
    names.includes(each.instance) && inTraffic(each) && !holds(ledger, each);
  return names.length === 0 || hosts.filter(counts).length - 1 >= least;
};

/** Of the fleet as the round began, but for the permits that were given in it: they are of the zone whose turn it is. */
const turn = ({permits, rollout}: Ledger, {hosts}: FleetView): string | undefined => {
  const out = hosts.find(({instance}) =>
    permits.some(({host, version}) => host === instance && version === rollout?.version),
  );
  const waiting = hosts.filter(({wants}) => wants?.version === rollout?.version);
  return out?.zone ?? waiting.map(({zone}) => zone).toSorted()[0];
};

const byTurn = (a: HostStatus, b: HostStatus): number =>
  Number(a.serving) - Number(b.serving) ||
  Number(a.serving && b.serving) * (Number(b.canary ?? false) - Number(a.canary ?? false)) ||
  turnOf(a) - turnOf(b) ||
  (a.instance < b.instance ? -1 : 1);

// FNV-1a, 32 bits
const turnOf = ({instance}: HostStatus): number =>
  [...instance].reduce(
    (hash, character) => Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0,
    0x811c9dc5,
  );
