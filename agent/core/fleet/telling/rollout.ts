/** What there is to tell of the rollout itself. */
import {type Reason, reason} from '../../reason.ts';
import {shortId} from '../../release.ts';
import {sizeOf} from '../capacity.ts';
import {budgetOf, failedHosts, verdictOf} from '../failure/verdict.ts';
import type {Ledger, Rollout} from '../ledger.ts';
import type {Standing} from '../operate/standing.ts';
import type {FleetView} from '../plan.ts';
import {waveText} from '../wave.ts';
import type {News, Outcome} from './event.ts';
import type {Progress} from './told.ts';

/** A rollout that is older than this when it is seen first began when nobody listened: only what comes after is told. */
export const OLD_MS = 600_000;

export interface RolloutNews {
  readonly progress: Progress | null;
  /** to be told before what single hosts did, and after it */
  readonly first: readonly News[];
  readonly last: readonly News[];
  /** the rollout stops or ends: what single hosts did is told now */
  readonly isTurn: boolean;
}

/** What is new of the rollout, and how far people know of it then. */
export const rolloutNews = (before: Progress | null, view: FleetView, standing: Standing): RolloutNews => {
  const {rollout} = view.ledger;
  if (!rollout) return {progress: null, first: [], last: [], isTurn: false};
  const now = {
    started: true,
    waves: rollout.wave,
    halted: HALTED.includes(standing),
    reverted: rollout.revert !== null,
    steady: outcomeOf(standing) !== null,
  };
  const known = progressOf(before, rollout, view, now);
  const began = known.started
    ? []
    : [{id: `${keyOf(rollout)}/rollout-started`, kind: 'rollout-started'} as const];
  const last = [
    ...(now.halted && !known.halted ? [haltNews(rollout, view)] : []),
    ...(rollout.revert && !known.reverted ? [revertNews(rollout, rollout.revert.cause)] : []),
    ...(now.steady && !known.steady ? [steadyNews(rollout, outcomeOf(standing))] : []),
  ];
  const steady = known.steady || now.steady;
  // what cannot be told from here is as it was
  const halted = UNCLEAR.includes(standing) ? known.halted : now.halted;
  return {
    progress: {...known, ...now, halted, steady},
    first: [...began, ...waveNews(rollout, known.waves, view)],
    last,
    isTurn: last.length > 0,
  };
};

const HALTED: readonly Standing[] = ['halted', 'denied'];
const UNCLEAR: readonly Standing[] = ['idle', 'pending'];

const outcomeOf = (standing: Standing): Outcome | null =>
  standing === 'proven' || standing === 'partial' || standing === 'reverted' ? standing : null;

// A number may be given again after a store was restored from an older snapshot, but not at the same moment.
const keyOf = ({number, since}: Rollout): string => `${number}-${since}`;

const progressOf = (
  before: Progress | null,
  {number, since, release}: Rollout,
  {ledger: {failures}, now}: FleetView,
  seen: Omit<Progress, 'number' | 'since' | 'release' | 'failures'>,
): Progress => {
  if (before && before.number === number && before.since === since) return before;
  // one that only asks for another share goes on in the same wave
  const waves = before?.release === release ? before.waves : 0;
  const fresh = {started: false, waves, halted: false, reverted: false, steady: false};
  const isOld = now - since >= OLD_MS;
  return {number, since, release, ...(isOld ? seen : fresh), failures: isOld ? failures.length : 0};
};

const waveNews = (rollout: Rollout, told: number, {policy: {waves}}: FleetView): readonly News[] =>
  Array.from({length: Math.max(0, rollout.wave - told)}, (_, n) => {
    const number = told + n + 1;
    const wave = waves[number - 1];
    const name = wave === undefined ? null : waveText(wave);
    const of = Math.max(waves.length, number);
    return {id: `${keyOf(rollout)}/wave-passed/${number}`, kind: 'wave-passed', wave: {number, of, name}};
  });

const haltNews = (rollout: Rollout, view: FleetView): News => {
  const failed = failedHosts(view.ledger.failures);
  const cause = haltCause(rollout.release, view, failed);
  return {id: `${keyOf(rollout)}/rollout-halted/${failed}`, kind: 'rollout-halted', count: failed, cause};
};

const haltCause = (release: string, view: FleetView, failures: number): Reason => {
  const {ledger, policy, desired} = view;
  const budget = budgetOf(policy, sizeOf({...view, forced: new Set(desired?.force ?? [])}));
  return failures < budget
    ? reason('permit.denied', {release: shortId(release)})
    : reason('permit.halted', {failures, budget, release: shortId(release), verdict: verdictIn(ledger)});
};

const verdictIn = ({failures}: Ledger): string => verdictOf(failures) ?? 'host';

const revertNews = (rollout: Rollout, cause: Reason): News => ({
  id: `${keyOf(rollout)}/rollout-reverted`,
  kind: 'rollout-reverted',
  cause,
});

const steadyNews = (rollout: Rollout, outcome: Outcome | null): News => ({
  id: `${keyOf(rollout)}/fleet-steady`,
  kind: 'fleet-steady',
  outcome,
});
