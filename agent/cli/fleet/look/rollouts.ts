import {resultsOf} from '../../../core/fleet/record/note.ts';
import {type HostRow, type RolloutRecord, readRecord} from '../../../core/fleet/record/record.ts';
import {type Reason, reasonText} from '../../../core/reason.ts';
import {shortId} from '../../../core/release.ts';
import {age} from '../../age.ts';
import {rows, table} from '../../layout.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import type {FleetOptions} from '../reach/options.ts';
import {type Reach, Refusal} from '../reach/reach.ts';

export interface RolloutsOptions extends FleetOptions {
  readonly limit: number;
  /** one rollout, in full */
  readonly rollout?: number;
}

/** Shows what became of the fleet's rollouts, newest first, or all that is known of one. */
export const showRollouts = async (
  reach: Reach,
  {limit, rollout, json}: RolloutsOptions,
  terminal: Terminal,
): Promise<number> => {
  const entries = await reach.store.list(reach.keys.rollouts, reach.signal);
  const readings = entries.map(({key, value}) => readRecord(key, value));
  for (const reading of readings)
    if (!reading.ok) terminal.complain(`agentctl: ${reasonText(reading.cause)}`);
  const records = readings.flatMap(reading => (reading.ok ? [reading.value] : []));
  if (rollout === undefined) {
    const shown = records.toReversed().slice(0, limit);
    terminal.say(json ? JSON.stringify(shown.map(documentOf)) : listText(reach.name, shown));
    return EXIT.ok;
  }
  const record = records.find(({number}) => number === rollout);
  if (!record)
    throw new Refusal(
      'operator.rollout',
      `${reach.name} has no record of a rollout ${rollout}: the last 50 are kept`,
    );
  terminal.say(json ? JSON.stringify(documentOf(record)) : recordText(record));
  return EXIT.ok;
};

const told = (cause: Reason | null) => cause && {kind: cause.kind, text: reasonText(cause)};

const documentOf = (record: RolloutRecord) => ({
  ...record,
  results: resultsOf(record),
  hosts: record.hosts.map(row => ({...row, cause: told(row.cause)})),
  events: record.events.map(({at, cause}) => ({at, ...told(cause)})),
});

const listText = (name: string, records: readonly RolloutRecord[]): string =>
  records.length === 0
    ? `${name} has had no rollout yet`
    : table(
        records.map(record => [
          String(record.number),
          moment(record.since),
          shortId(record.release),
          [endText(record), countsText(record), askedText(record)].filter(Boolean).join('; '),
        ]),
      );

const moment = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 16);

const endText = ({end, events, since, way}: RolloutRecord): string => {
  const last = events.at(-1);
  if (end)
    return `${way === 'back' && end.outcome === 'proven' ? 'back' : end.outcome} after ${age(end.at - since)}`;
  return last?.cause.kind === 'permit.halted' ? 'halted' : 'not over';
};

const countsText = (record: RolloutRecord): string => {
  const {done = 0, 'rolled-back': back = 0, stuck = 0, gone = 0} = resultsOf(record);
  const counts = [
    [done, 'done'],
    [back, 'rolled back'],
    [stuck, 'stuck'],
    [gone, 'gone'],
  ] as const;
  return counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(', ');
};

const askedText = ({by, message, share}: RolloutRecord): string =>
  [share && `a share of ${share}`, by && `by ${by}`, message].filter(Boolean).join(', ');

const recordText = (record: RolloutRecord): string => {
  const {number, release, from, since, waves, events, hosts, more} = record;
  const others = Object.values(more).reduce((sum, count) => sum + count, 0);
  return [
    rows([
      ['rollout', `${number}, of ${shortId(release)}${from === null ? '' : ` instead of ${shortId(from)}`}`],
      ['asked', `${moment(since)} UTC${askedText(record) === '' ? '' : ` ${askedText(record)}`}`],
      ['state', [endText(record), countsText(record)].filter(Boolean).join('; ')],
      ...waves.map(({name, since: at, complete}, n): readonly [string, string] => [
        `wave ${n + 1}`,
        `${name}, from ${moment(at)}${complete === null ? '' : `, complete ${moment(complete)}`}`,
      ]),
      ...events.map(({at, cause}): readonly [string, string] => [moment(at), reasonText(cause)]),
    ]),
    hosts.length === 0 ? '' : table(hosts.map(row => hostCells(row, release))),
    others === 0 ? '' : `and ${others} more, which were done before these`,
  ]
    .filter(part => part !== '')
    .join('\n\n');
};

const hostCells = ({host, since, until, to, result, cause}: HostRow, release: string): readonly string[] => [
  since === null ? '' : moment(since),
  host,
  since === null || until === null ? '' : age(until - since),
  [result ?? 'out', to !== release && `to ${shortId(to)}`, cause && reasonText(cause)]
    .filter(Boolean)
    .join(', '),
];
