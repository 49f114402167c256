/** The parts of a fleet that get a release one after the other, and how far the rollout has come in them. */
import type {HostStatus} from '../host/status.ts';
import {type Amount, amountText, atLeast} from '../policy/amount.ts';
import type {Policy, Wave} from '../policy/policy.ts';
import {type Reason, reason} from '../reason.ts';
import type {Ledger, Rollout} from './ledger.ts';
import {listedBy} from './names.ts';

export interface WaveView {
  readonly hosts: readonly HostStatus[];
  readonly policy: Policy;
  /** how many hosts the fleet has, with those that are not seen any more */
  readonly size: number;
  /** so much of the fleet gets the release at all, see `Desired.share` */
  readonly share: Amount | null;
  /** ms since the epoch */
  readonly now: number;
}

/** The part of the fleet that the rollout may reach now. */
export interface Reach {
  /** so many hosts in all, with those that have the release already */
  readonly quota: number;
  /** the canaries and nobody else */
  readonly onlyCanaries: boolean;
  /** Why it goes no further now. */
  readonly limit: (reached: number) => Reason;
}

/** How far the rollout may go now; null: as far as there are hosts. */
export const reachOf = (ledger: Ledger, view: WaveView): Reach | null => {
  const {rollout} = ledger;
  if (!rollout) return null;
  const wave = waveOf(rollout, view.policy);
  const part = wave === null ? null : quotaOf(wave, view);
  const onlyCanaries = wave === 'canary' && hasCanaries(view.hosts);
  const share = view.share && Math.max(1, atLeast(view.share, view.size));
  if (share !== null && (part === null || share <= part)) {
    const all = view.share && amountText(view.share);
    const limit = (reached: number): Reason =>
      reason('permit.share', {share: all ?? '', reached, quota: share});
    return {quota: share, onlyCanaries, limit};
  }
  if (wave === null || part === null) return null;
  return {
    quota: part,
    onlyCanaries,
    limit: reached => openReason(rollout, wave, {...view, quota: part, reached}),
  };
};

/** The wave that is under way; null for the rest of the fleet, and for a way back, which has none. */
const waveOf = ({way, wave}: Rollout, {waves}: Policy): Wave | null =>
  way === 'back' ? null : (waves[wave] ?? null);

const hasCanaries = (hosts: readonly HostStatus[]): boolean => hosts.some(({canary}) => canary === true);

// A fleet without canaries tries a release on one host: a wave that nobody belongs to would be no trial.
const quotaOf = (wave: Wave, {hosts, size}: Pick<WaveView, 'hosts' | 'size'>): number =>
  Math.max(1, wave === 'canary' ? hosts.filter(({canary}) => canary).length : atLeast(wave, size));

/** What a wave is called: `canary`, `10%`. */
export const waveText = (wave: Wave): string => (wave === 'canary' ? wave : amountText(wave));

interface Progress extends WaveView {
  readonly quota: number;
  readonly reached: number;
}

const openReason = ({wave: at, bakes, release}: Rollout, wave: Wave, view: Progress): Reason => {
  const {policy, quota, reached} = view;
  const which = {wave: at + 1, waves: policy.waves.length, name: waveText(wave)};
  const unwell = unwellHosts(release, view.hosts);
  if (bakes !== null) return reason('permit.wave-bake', {...which, until: bakes + policy.bakeMs});
  if (unwell.length > 0) return reason('permit.wave-unwell', {...which, hosts: listedBy(unwell, nameOf)});
  return reason('permit.wave', {...which, reached, quota});
};

const nameOf = ({instance}: HostStatus): string => instance;

const unwellHosts = (release: string, hosts: readonly HostStatus[]): readonly HostStatus[] =>
  hosts.filter(({active, serving, permit}) => active === release && !serving && permit === null);

/** How many hosts have the release and need no permit for it any more. */
export const updatedCount = (
  release: string,
  hosts: readonly HostStatus[],
  holders: ReadonlySet<string>,
): number => {
  let count = 0;
  for (const {active, instance} of hosts) if (active === release && !holders.has(instance)) count += 1;
  return count;
};

/**
 * The ledger with the next wave under way, when the one before is complete, has been watched for the policy's time, and is well. A wave
 * that adds no host to the one before is passed at once.
 */
export const moveWaves = (ledger: Ledger, view: WaveView): Ledger => {
  const {rollout} = ledger;
  if (!rollout || rollout.revert) return ledger;
  const wave = waveOf(rollout, view.policy);
  if (wave === null || isPastShare(wave, view)) return settle(ledger, rollout, null);
  const holders = new Set(ledger.permits.map(({host}) => host));
  const reached = updatedCount(rollout.release, view.hosts, holders);
  const onTheWay = ledger.permits.some(({version}) => version === rollout.version);
  const isComplete = !onTheWay && reached >= Math.min(quotaOf(wave, view), view.size);
  if (!isComplete || unwellHosts(rollout.release, view.hosts).length > 0)
    return settle(ledger, rollout, null);
  const bakes = rollout.bakes ?? view.now;
  if (view.now - bakes < view.policy.bakeMs) return settle(ledger, rollout, bakes);
  return passOver({...ledger, rollout: {...rollout, wave: rollout.wave + 1, bakes: null}}, view, reached);
};

// A share ends the rollout where a wave that reaches as far would only begin to be watched.
const isPastShare = (wave: Wave, view: WaveView): boolean =>
  view.share !== null && atLeast(view.share, view.size) < quotaOf(wave, view);

const settle = (ledger: Ledger, rollout: Rollout, bakes: number | null): Ledger =>
  rollout.bakes === bakes ? ledger : {...ledger, rollout: {...rollout, bakes}};

const passOver = (ledger: Ledger, view: WaveView, reached: number): Ledger => {
  const {rollout} = ledger;
  const wave = rollout && waveOf(rollout, view.policy);
  if (!rollout || wave === null || quotaOf(wave, view) > reached) return ledger;
  return passOver({...ledger, rollout: {...rollout, wave: rollout.wave + 1}}, view, reached);
};

/** When the wave that is watched will have been watched long enough, ms since the epoch. */
export const bakedAt = ({rollout}: Ledger, {bakeMs}: Policy): number | null =>
  rollout === null || rollout.bakes === null ? null : rollout.bakes + bakeMs;
