import type {Desired} from '../../desired.ts';
import type {HostStatus, ReportedOutcome} from '../../host/status.ts';
import {amountText} from '../../policy/amount.ts';
import type {Policy} from '../../policy/policy.ts';
import type {Reason} from '../../reason.ts';
import type {Ledger, Permit, Rollout} from '../ledger.ts';
import {waveText} from '../wave.ts';
import type {HostRow, Result, RolloutRecord, WaveRow} from './record.ts';

/** What a coordinator sees when it notes a rollout. `now` is ms since the epoch. */
export interface RecordView {
  readonly ledger: Ledger;
  readonly hosts: readonly HostStatus[];
  readonly desired: Desired | null;
  readonly policy: Policy;
  readonly now: number;
}

/** So many hosts have a row of their own; the ones that were done first are only counted then. */
export const ROWS = 400;
const EVENTS = 100;
/** so many causes of failures are kept, the first ones: they may be long */
const CAUSES = 40;

/**
 * The record with what is to be seen now, or as it was; null while there is no rollout. It looks at states and not at changes, so that
 * nothing is lost when it is noted only now and then, or by another coordinator.
 */
export const noteRollout = (before: RolloutRecord | null, view: RecordView): RolloutRecord | null => {
  const {rollout} = view.ledger;
  if (!rollout) return before;
  const record = before?.number === rollout.number ? before : begin(rollout, view);
  if (record.end?.outcome === 'proven') return record;
  return noteEnd(noteEvents(noteWaves(noteHosts(record, view), rollout, view), view), rollout, view);
};

/** The record of a rollout that another one took the place of. */
export const supersede = (record: RolloutRecord, now: number): RolloutRecord =>
  record.end ? record : {...record, end: {at: now, outcome: 'superseded'}};

const begin = (rollout: Rollout, {ledger, desired}: RecordView): RolloutRecord => {
  const asked = desired?.version === rollout.version ? desired : null;
  return {
    format: 1,
    ...{number: rollout.number, version: rollout.version, release: rollout.release, way: rollout.way},
    from: ledger.proven,
    message: asked?.message ?? null,
    by: asked?.by ?? null,
    share: asked?.share ? amountText(asked.share) : null,
    since: rollout.since,
    ...{waves: [], hosts: [], more: {}, fence: 0, events: [], end: null},
  };
};

const noteHosts = (record: RolloutRecord, {ledger, hosts, now}: RecordView): RolloutRecord => {
  const out = new Map(ledger.permits.map(permit => [permit.fence, permit]));
  const outcomes = new Map(
    hosts.flatMap(({outcome}) => (outcome ? [[outcome.fence, outcome] as const] : [])),
  );
  const known = record.hosts.map(row =>
    row.until !== null || out.has(row.fence)
      ? stuckRow(row, outcomes)
      : ended(row, outcomes.get(row.fence), now),
  );
  const isNew = ({fence, version}: {readonly fence: number; readonly version: string}): boolean =>
    fence > record.fence && version === record.version;
  const begun = ledger.permits.filter(isNew).map(rowOf);
  const missed = hosts.flatMap(({instance, outcome}) =>
    outcome && isNew(outcome) && !out.has(outcome.fence) ? [missedRow(instance, outcome, now)] : [],
  );
  const added = [...begun, ...missed].toSorted((a, b) => a.fence - b.fence);
  const fence = added.at(-1)?.fence ?? record.fence;
  return shorten({...record, fence, hosts: [...known, ...added]});
};

const rowOf = ({host, fence, release, since}: Permit): HostRow => ({
  ...{host, fence, to: release, since, until: null, result: null, cause: null},
});

const ended = (row: HostRow, outcome: ReportedOutcome | undefined, now: number): HostRow =>
  outcome
    ? {...row, until: now, result: outcome.result, cause: outcome.cause}
    : {...row, until: now, result: 'gone'};

// A stuck host keeps its permit.
const stuckRow = (row: HostRow, outcomes: ReadonlyMap<number, ReportedOutcome>): HostRow => {
  const outcome = row.result === null ? outcomes.get(row.fence) : undefined;
  return outcome?.result === 'stuck' ? {...row, result: 'stuck', cause: outcome.cause} : row;
};

const missedRow = (host: string, {fence, release, result, cause}: ReportedOutcome, now: number): HostRow => ({
  ...{host, fence, to: release, since: null, until: now, result, cause},
});

const shorten = (record: RolloutRecord): RolloutRecord => {
  const failed = record.hosts.filter(({cause}) => cause !== null);
  const kept = new Set(failed.slice(0, CAUSES));
  const hosts = record.hosts.map(row => (row.cause === null || kept.has(row) ? row : {...row, cause: null}));
  const surplus = Math.max(0, hosts.length - ROWS);
  const over = hosts.filter(({until, cause}) => until !== null && cause === null).slice(0, surplus);
  const gone = new Set(over);
  const more = {...record.more};
  for (const {result} of over) if (result) more[result] = (more[result] ?? 0) + 1;
  return {...record, more, hosts: hosts.filter(row => !gone.has(row))};
};

const noteWaves = (
  record: RolloutRecord,
  {wave, bakes, way}: Rollout,
  {policy, now}: RecordView,
): RolloutRecord => {
  if (way === 'back' || policy.waves.length === 0) return record;
  const names = [...policy.waves.map(waveText), 'all'].slice(0, wave + 1);
  const waves = names.map((name, n): WaveRow => {
    const known = record.waves[n] ?? {name, since: now, complete: null};
    return known.complete === null && n < wave ? {...known, complete: now} : known;
  });
  const last = waves.at(-1);
  if (!last || bakes === null || last.complete !== null) return {...record, waves};
  return {...record, waves: [...waves.slice(0, -1), {...last, complete: bakes}]};
};

/** What stops a rollout, and what is worth a line when it does. */
const STOPS: readonly Reason['kind'][] = [
  'permit.denied',
  'permit.frozen',
  'permit.halted',
  'permit.holder-missing',
  'permit.reverted',
  'permit.wave-unwell',
];

const noteEvents = (record: RolloutRecord, {ledger: {blocked}, now}: RecordView): RolloutRecord => {
  if (!blocked || !STOPS.includes(blocked.kind) || record.events.at(-1)?.cause.kind === blocked.kind)
    return record;
  return {...record, events: [...record.events, {at: now, cause: blocked}].slice(-EVENTS)};
};

const noteEnd = (
  record: RolloutRecord,
  rollout: Rollout,
  {ledger, hosts, now}: RecordView,
): RolloutRecord => {
  if (ledger.proven === rollout.release && ledger.permits.length === 0)
    return {...record, end: {at: now, outcome: 'proven'}};
  const isBack =
    rollout.revert !== null &&
    ledger.permits.length === 0 &&
    hosts.every(({active}) => active !== rollout.release);
  if (!isBack) return record.end ? {...record, end: null} : record;
  return record.end ? record : {...record, end: {at: now, outcome: 'reverted'}};
};

/** How many permits of the rollout ended in which way. */
export const resultsOf = ({hosts, more}: RolloutRecord): Readonly<Partial<Record<Result, number>>> => {
  const counts = {...more};
  for (const {result} of hosts) if (result) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
};
