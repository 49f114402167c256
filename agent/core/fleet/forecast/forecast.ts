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
  /** so many looks of the planner at most */
  readonly steps?: number;
}

/** More than a fleet of 5,000 needs whose hosts go one by one. */
const MOST_STEPS = 20_000;

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
export const forecast = (view: FleetView, {perHostMs, steps = MOST_STEPS}: Assumed): Forecast => {
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
      endsAt = now + perHostMs;
      hosts.leave(permit, endsAt);
      waves.add(permit.host, ledger, now, endsAt);
    }
    const moments = [...hosts.back(), ...(next.lookAt === null ? [] : [next.lookAt])];
    if (moments.length === 0) break;
    now = Math.min(...moments);
    hosts.comeBack(now);
  }
  const end = standingOf({...view, ledger, hosts: hosts.all});
  return {waves: waves.all(), end, endsAt: looks < steps ? endsAt : null, blocked: ledger.blocked};
};

/** The hosts as they become: whoever can wants the release, whoever is out comes back with it. */
const createHosts = ({hosts}: FleetView, {rollout}: Ledger) => {
  const release = rollout?.revert?.release ?? rollout?.release;
  const asking = (host: HostStatus): HostStatus => {
    const wants = rollout && release !== undefined && host.active !== release && canMove(host);
    return {...host, wants: wants ? {release, version: rollout.version} : null};
  };
  const all = hosts.map(asking);
  const places = new Map(all.map(({instance}, index) => [instance, index] as const));
  const out = new Map<HostStatus, {readonly permit: Permit; readonly at: number}>();
  return {
    all: all as readonly HostStatus[],
    /** False for a host that is not seen: nobody knows when it comes back. */
    leave: (permit: Permit, at: number): boolean => {
      const host = all[places.get(permit.host) ?? all.length];
      if (host) out.set(host, {permit, at});
      return host !== undefined;
    },
    /** When those who are out come back. */
    back: (): readonly number[] => [...new Set([...out.values()].map(({at}) => at))],
    comeBack: (moment: number): void => {
      for (const [host, {permit, at}] of out) {
        if (at > moment) continue;
        out.delete(host);
        const {fence, release: active, version} = permit;
        const outcome = {fence, result: 'done', release: active, version, cause: null} as const;
        const returned = {
          phase: 'serving',
          serving: true,
          permit: null,
          reason: null,
          active,
          outcome,
        } as const;
        all[places.get(host.instance) ?? all.length] = asking({...host, ...returned});
      }
    },
  };
};

/** A host that somebody holds, or on which nothing works, stays where it is. */
const canMove = ({phase, reason}: HostStatus): boolean =>
  phase !== 'held' && reason?.kind !== 'operator.hold' && reason?.kind !== 'release.rejected-here';

const createWaves = ({policy}: FleetView) => {
  const waves = new Map<string, {name: string; hosts: string[]; beginsAt: number; endsAt: number}>();
  const nameOf = ({rollout}: Ledger): string => {
    if (!rollout || rollout.way === 'back' || policy.waves.length === 0) return 'all';
    const wave = policy.waves[rollout.wave];
    return wave === undefined ? 'the rest' : waveText(wave);
  };
  return {
    all: (): readonly ForecastWave[] => [...waves.values()],
    add: (host: string, ledger: Ledger, beginsAt: number, endsAt: number): void => {
      const mark = `${ledger.rollout?.version} ${ledger.rollout?.wave}`;
      const wave = waves.get(mark) ?? {name: nameOf(ledger), hosts: [], beginsAt, endsAt};
      waves.set(mark, wave);
      wave.hosts.push(host);
      wave.endsAt = endsAt;
    },
  };
};
