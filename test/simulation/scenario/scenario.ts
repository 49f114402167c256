/** What a run is made of, drawn from its number: data, so that a part of it can be left out. */
import type {Rules} from '../../../agent/core/host/rules.ts';
import type {Behaviour} from '../fleet/behaviour.ts';
import {createRandom, type Random} from '../random.ts';
import {drawFault} from './draw-fault.ts';
import type {Happening} from './happening.ts';
import {drawBehaviour, drawPolicy, releaseOf} from './parts.ts';

export interface Scenario {
  readonly number: number;
  readonly hosts: number;
  readonly zones: readonly string[];
  /** how many of 100 hosts are canaries */
  readonly canaries: number;
  /** whether there is an EC2 to ask */
  readonly ec2: boolean;
  /** the image's own release */
  readonly seed: string | null;
  /** what a launch takes besides, ms */
  readonly launchMs: number;
  readonly rules: Rules;
  readonly releases: Readonly<Record<string, Behaviour>>;
  readonly happenings: readonly Happening[];
  /** which of those that were drawn they are, and how many there were */
  readonly only: readonly number[];
  readonly drawn: number;
  /** from then on nothing bad happens any more, ms */
  readonly calmAt: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** A part of a run: another size of the fleet, some of its happenings only. */
export interface Part {
  readonly hosts?: number | undefined;
  readonly only?: readonly number[] | undefined;
}

/** Draws run `number`, or a part of it. */
export const drawScenario = (number: number, {hosts, only}: Part = {}): Scenario => {
  const random = createRandom(`scenario ${number}`);
  const size = Math.round(50 * 6 ** (random.next() ** 8)); // mostly small ones, which cost less
  const count = random.whole(1, 3);
  const releases: Record<string, Behaviour> = {[releaseOf(0)]: {kind: 'good'}};
  const zones = ['a', 'b', 'c'].slice(0, random.whole(1, 3));
  const happenings: Happening[] = [{at: 0, kind: 'policy', policy: drawPolicy(random, size)}];
  let at = random.whole(60, 120) * SECOND;
  for (let n = 1; n <= count; n += 1) {
    releases[releaseOf(n)] = drawBehaviour(random, zones);
    happenings.push({at, kind: 'bump', release: releaseOf(n)});
    at += random.whole(40, 240) * SECOND;
  }
  const calmAt = Math.min(at, 10 * MINUTE) + MINUTE;
  happenings.push(...operators(random.part('operators'), calmAt, count));
  happenings.push(...faults(random.part('faults'), calmAt));
  const sorted = happenings.toSorted((a, b) => a.at - b.at);
  const kept = (only ?? [...sorted.keys()]).filter(n => n < sorted.length);
  return {
    number,
    hosts: hosts ?? size,
    zones,
    canaries: random.part('canaries').pick([0, 0, 3, 10]),
    ec2: random.chance(0.8),
    seed: random.chance(0.3) ? releaseOf(0) : null,
    launchMs: random.whole(5, 60) * SECOND,
    rules: drawRules(random),
    releases,
    happenings: kept.flatMap(n => sorted[n] ?? []),
    only: kept,
    drawn: sorted.length,
    calmAt,
  };
};

const drawRules = (random: Random): Rules => ({
  stageTimeoutMs: 120 * SECOND,
  drainTimeoutMs: random.whole(5, 30) * SECOND,
  activateTimeoutMs: 30 * SECOND,
  gateTimeoutMs: random.whole(10, 40) * SECOND,
  bakeMs: random.whole(5, 40) * SECOND,
});

const OPERATIONS = [
  'hold',
  'resume',
  'rollback',
  'retry',
  'bump',
  'policy',
  'freeze',
  'lock',
  'deny',
  'allow',
  'release-permit',
] as const;

/** Part of the fleet only, or without waiting for hosts that are unwell. */
const drawExtras = (random: Random): Pick<Extract<Happening, {readonly kind: 'bump'}>, 'share' | 'force'> => {
  const drawn = random.next();
  if (drawn < 0.25) return {share: `${random.whole(5, 60)}%`};
  if (drawn < 0.5)
    return {force: [0, 1, 2].map(() => ({among: 'busy' as const, nth: random.whole(0, 1_000)}))};
  return {};
};

const operators = (random: Random, until: number, releases: number): readonly Happening[] =>
  Array.from({length: random.whole(0, 4)}, (): Happening => {
    const at = random.whole(60, until / SECOND) * SECOND;
    const nth = random.whole(0, 1_000);
    const kind = random.pick(OPERATIONS);
    if (kind === 'bump')
      return {at, kind, release: releaseOf(random.whole(0, releases)), ...drawExtras(random)};
    if (kind === 'freeze' || kind === 'lock') return {at, kind, ms: random.whole(10, 240) * SECOND};
    if (kind === 'policy') return {at, kind, policy: drawPolicy(random, 100)};
    if (kind === 'deny' || kind === 'allow') return {at, kind, release: releaseOf(random.whole(0, releases))};
    if (kind === 'release-permit') return {at, kind};
    return {at, kind, whom: {among: 'busy', nth}};
  });

const faults = (random: Random, until: number): readonly Happening[] => {
  const count = random.chance(0.1) ? 0 : Math.round(2 * 20 ** random.next());
  return Array.from({length: count}, () => drawFault(random, random.whole(20, until / SECOND) * SECOND));
};
