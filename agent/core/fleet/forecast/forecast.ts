/**
 * What a rollout would do, by letting the real planner plan for hosts that do what is asked of them, each in the same time. Windows, waves,
 * bakes and limits are the planner's own; staging, which hosts do while they serve, is not counted.
 */
import type {HostStatus} from '../../host/status.ts';
import type {Reason} from '../../reason.ts';
import type {Ledger, Permit} from '../ledger.ts';
import {type Standing, standingOf} from '../operate/standing.ts';
import {type FleetView, plan} from '../plan.ts';
import {waveText} from '../wave.ts';

export interface Assumed {
  /** how long a host has its permit, ms */
  readonly perHostMs: number;
  /** so many looks of the planner at most; as many as the fleet needs when not told */
  readonly steps?: number;
}

/** Hosts that go one after the other, as their permits come. Moments are ms since the epoch. */
export interface ForecastWave {
  /** `canary`, `10%`, `the rest`, or `all` where the policy has no waves */
  readonly name: string;
  readonly hosts: readonly string[];
  readonly beginsAt: number;
  /** when its last host is done */
  readonly endsAt: number;
}

export interface Forecast {
  readonly waves: readonly ForecastWave[];
  /** how it ends, as far as nothing happens that nobody knows yet */
  readonly end: Standing;
  /** when its last host is done; null when it was not followed to its end */
  readonly endsAt: number | null;
  /** what keeps the hosts that are left, when there are any */
  readonly blocked: Reason | null;
}

/** Follows the rollout of the desired release from now on. */
export const forecast = (view: FleetView, {perHostMs, steps = stepsFor(view)}: Assumed): Forecast => {
  let {ledger} = plan({...view, hosts: view.hosts.map(host => ({...host, wants: null}))});
  const hosts = createHosts(view, ledger);
  const waves = createWaves(view);
  let {now} = view;
  let endsAt = now;
  let looks = 0;
  for (const permit of ledger.permits) {
    const until = Math.max(now, permit.since + perHostMs);
    if (hosts.leave(permit, until)) endsAt = Math.max(endsAt, until);
  }
  for (; looks < steps; looks += 1) {
    const next = plan({...view, ledger, now, hosts: hosts.all});
    ledger = next.ledger;
    for (const permit of next.granted) {
      hosts.leave(permit, now + perHostMs);
      waves.add(permit.host, ledger, now, now + perHostMs);
      endsAt = now + perHostMs;
    }
    const then = earliest(hosts.firstBack(), next.lookAt, now);
    if (then === null) break;
    now = then;
    hosts.comeBack(now);
  }
  const end = standingOf({...view, ledger, now, hosts: hosts.all});
  return {waves: waves.all, end, endsAt: looks < steps ? endsAt : null, blocked: ledger.blocked};
};

const stepsFor = ({hosts, policy}: FleetView): number => 2 * hosts.length + 50 * (policy.waves.length + 1);

// A look that changes nothing comes again, and is not to be the same moment for ever.
const earliest = (back: number | null, lookAt: number | null, now: number): number | null => {
  const moments = [back, lookAt === null ? null : Math.max(lookAt, now + 1)].filter(at => at !== null);
  return moments.length === 0 ? null : Math.min(...moments);
};

/** The hosts as they become: whoever can wants the release, whoever is out comes back with it. */
const createHosts = ({hosts}: FleetView, {rollout}: Ledger) => {
  const release = rollout?.revert?.release ?? rollout?.release;
  const wantsOf = (host: HostStatus): HostStatus['wants'] =>
    rollout && release !== undefined && host.active !== release && canMove(host)
      ? {release, version: rollout.version}
      : null;
  const all = hosts.map(host => ({...host, wants: wantsOf(host)}));
  const places = new Map(all.map(({instance}, index) => [instance, index] as const));
  const back = new Map<string, {readonly permit: Permit; readonly at: number}>();

  const change = (instance: string, over: Partial<HostStatus>): void => {
    const index = places.get(instance) ?? -1;
    const host = all[index];
    if (!host) return;
    const changed = {...host, ...over};
    all[index] = {...changed, wants: wantsOf(changed)};
  };
  return {
    all: all as readonly HostStatus[],
    /** False for a host that is not seen: nobody knows when it comes back. */
    leave: (permit: Permit, until: number): boolean => {
      if (!places.has(permit.host)) return false;
      back.set(permit.host, {permit, at: until});
      change(permit.host, {phase: 'draining', serving: false, permit: permit.fence});
      return true;
    },
    firstBack: (): number | null => {
      let first: number | null = null;
      for (const {at} of back.values()) if (first === null || at < first) first = at;
      return first;
    },
    comeBack: (moment: number): void => {
      for (const [instance, {permit, at}] of back) {
        if (at > moment) continue;
        back.delete(instance);
        const {fence, release: active, version} = permit;
        const outcome = {fence, result: 'done', release: active, version, cause: null} as const;
        change(instance, {phase: 'serving', serving: true, permit: null, reason: null, active, outcome});
      }
    },
  };
};

/** A host that somebody holds, or on which nothing works, stays where it is. */
const canMove = ({phase, reason}: HostStatus): boolean =>
  phase !== 'held' && reason?.kind !== 'operator.hold' && reason?.kind !== 'release.rejected-here';

const createWaves = ({policy}: FleetView) => {
  const waves: {name: string; hosts: string[]; beginsAt: number; endsAt: number}[] = [];
  const nameOf = ({rollout}: Ledger): string => {
    if (!rollout || rollout.way === 'back' || policy.waves.length === 0) return 'all';
    const wave = policy.waves[rollout.wave];
    return wave === undefined ? 'the rest' : waveText(wave);
  };
  let last = '';
  return {
    all: waves as readonly ForecastWave[],
    add: (host: string, ledger: Ledger, beginsAt: number, endsAt: number): void => {
      const mark = `${ledger.rollout?.version} ${ledger.rollout?.wave}`;
      if (mark !== last) waves.push({name: nameOf(ledger), hosts: [], beginsAt, endsAt});
      last = mark;
      const wave = waves.at(-1);
      wave?.hosts.push(host);
      if (wave) wave.endsAt = endsAt;
    },
  };
};
