import type {Behaviour} from '../fleet/behaviour.ts';
import type {Random} from '../random.ts';

/** The id of the nth release of a run. */
export const releaseOf = (n: number): string => `snap-${String(n).padStart(8, '0')}`;

/** How a release that is tried behaves. */
export const drawBehaviour = (random: Random, zones: readonly string[]): Behaviour => {
  const drawn = random.next();
  if (drawn < 0.45) return {kind: 'good'};
  if (drawn < 0.52) return {kind: 'bad-gate'};
  if (drawn < 0.57) return {kind: 'bad-start'};
  if (drawn < 0.68) return {kind: 'bad-bake', afterMs: random.whole(3_000, 40_000)};
  if (drawn < 0.83) return {kind: 'half-bad', share: random.between(0.02, 0.6)};
  if (drawn < 0.91) return {kind: 'bad-in-zone', zone: random.pick(zones)};
  if (drawn < 0.97) return {kind: 'bad-under-load', share: random.between(0.4, 0.95)};
  return {kind: 'not-there'};
};

/** Open for some minutes of the hour in which a run begins, and again a day later. */
const drawWindow = (random: Random) => {
  const from = random.whole(0, 12);
  const time = (minute: number): string => `12:${String(minute).padStart(2, '0')}`;
  return {from: time(from), to: time(from + random.whole(2, 40))};
};

/** A policy as an operator writes it. */
export const drawPolicy = (random: Random, hosts: number): string => {
  const amount = (least: number, most: number): string | number =>
    random.chance(0.7)
      ? `${random.whole(least, most)}%`
      : Math.max(1, random.whole((hosts * least) / 100, (hosts * most) / 100));
  const waves = [...(random.chance(0.3) ? ['canary'] : []), amount(2, 15), amount(20, 60)];
  return JSON.stringify({
    concurrency: amount(5, 50),
    floor: amount(20, 95),
    budget: random.chance(0.7) ? random.whole(1, random.chance(0.5) ? 3 : 12) : `${random.whole(1, 15)}%`,
    ...(random.chance(0.4) && {zones: {floor: amount(10, 95), inTurn: random.chance(0.5)}}),
    ...(random.chance(0.4) && {waves, bake: `${random.whole(0, 60)}s`}),
    ...(random.chance(0.4) && {onFailure: 'revert'}),
    ...(random.chance(0.15) && {windows: [drawWindow(random)]}),
  });
};
