import type {ReasonKind} from '../../agent/core/reason.ts';
import type {ReleaseOptions} from '../../test/lab/application/releases.ts';

/** How the agents must end a bad release. */
export type Bad = {
  readonly kind: string;
  /** what makes the application bad; nothing: the release itself does not exist */
  readonly release?: Partial<ReleaseOptions>;
  /** the reasons that are right for it */
  readonly reasons: readonly ReasonKind[];
  /** it gets traffic and then ends: requests that it has taken are its own loss */
  readonly loses?: true;
};

export type Planned = {
  readonly number: number;
  readonly fs: 'ext4' | 'git';
  readonly bad: Bad | null;
};

/** Every way a release can be bad, from the first look at it to the bake. */
export const BAD: readonly Bad[] = [
  {kind: 'missing', reasons: ['snapshot.missing', 'git.revision-missing']},
  {kind: 'script-fails', release: {scriptStatus: 3}, reasons: ['script.failed']},
  {kind: 'script-hangs', release: {scriptS: 60}, reasons: ['script.timeout']},
  {kind: 'crashes', release: {crash: true}, reasons: ['unit.failed', 'gate.failed']},
  {kind: 'gate-fails', release: {sick: true}, reasons: ['gate.failed']},
  {kind: 'sick-in-bake', release: {sickAfterS: 0.5}, reasons: ['gate.failed', 'bake.failed']},
  {kind: 'dies-in-bake', release: {crashAfterS: 0.9}, reasons: ['gate.failed', 'bake.failed'], loses: true},
];

/** The releases in order, from 1: snapshots and revisions in turns, the fifth of each ten bad, so that the tenth is settled. */
export const planOf = ({releases, seed}: {readonly releases: number; readonly seed: number}): Planned[] => {
  const kinds = shuffled(BAD, seed);
  return Array.from({length: releases}, (_, index) => {
    const number = index + 1;
    const ten = Math.floor(index / 10);
    const place = ten % kinds.length;
    const bad = number % 10 === 5 ? (kinds[place] ?? null) : null;
    // each kind comes from the other source when its turn comes again
    const odd = bad === null ? number % 2 === 1 : (place + Math.floor(ten / kinds.length)) % 2 === 0;
    return {number, fs: odd ? 'ext4' : 'git', bad};
  });
};

const shuffled = <T>(items: readonly T[], seed: number): readonly T[] => {
  const next = randomOf(seed);
  return items
    .map(item => ({item, rank: next()}))
    .sort((a, b) => a.rank - b.rank)
    .map(({item}) => item);
};

/** Numbers from 0 to 1 that the seed decides (mulberry32). */
const randomOf = (seed: number) => {
  let state = seed >>> 0;
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};
