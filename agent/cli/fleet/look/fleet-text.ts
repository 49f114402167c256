import {listedBy} from '../../../core/fleet/names.ts';
import {standingOf} from '../../../core/fleet/operate/standing.ts';
import {type Count, countBy} from '../../../core/fleet/operate/summary.ts';
import type {HostStatus} from '../../../core/host/status.ts';
import {shortened} from '../../../core/quote.ts';
import {reasonText} from '../../../core/reason.ts';
import {shortId} from '../../../core/release.ts';
import {age} from '../../age.ts';
import {rows, WIDTH, wrap} from '../../layout.ts';
import type {Fleet} from '../reach/read.ts';
import {askedText, failedText, outText, progressText, standingText, stopText, waveOfText} from './words.ts';

export interface Shown {
  /** `web/production` */
  readonly name: string;
  readonly fleet: Fleet;
  /** those that the filters leave */
  readonly hosts: readonly HostStatus[];
  readonly isFiltered: boolean;
}

/** The text of `agentctl fleet`: where the fleet stands, and its hosts in numbers. No longer for thousands of hosts than for three. */
export const fleetText = (shown: Shown): string => [head(shown), ...numbers(shown)].join('\n\n');

const head = ({name, fleet: {view, coordinator, unreadable}}: Shown): string => {
  const {ledger, freeze, lock, missing, hosts, now} = view;
  const {rollout, proven, previous, denied, blocked} = ledger;
  const standing = standingOf(view);
  const isMoving = standing !== 'proven' && standing !== 'idle';
  return rows([
    ['fleet', `${name}, ${hosts.length === 1 ? '1 host' : `${hosts.length} hosts`}`],
    ['state', standingText(standing, view)],
    ['asked for', askedText(view)],
    ['proven', proven === null ? 'nothing yet' : shortId(proven)],
    ['previous', previous && shortId(previous)],
    ['rollout', rollout && isMoving ? rolloutText(view, now - rollout.since) : null],
    ['out', outText(view)],
    ['failed', failedText(view)],
    ['blocked', blocked && reasonText(blocked)],
    ['frozen', freeze && stopText(freeze.by, freeze.at, freeze.note)],
    ['locked', lock && stopText(lock.by, lock.at, lock.why)],
    ['denied', denied.length === 0 ? null : listedBy(denied.toReversed(), shortId)],
    ['missing', missing.length === 0 ? null : missingText(view)],
    ['unreadable', unreadable.length === 0 ? null : listedBy(unreadable, reasonText)],
    ['coordinator', coordinator ?? 'nobody: no permit is given'],
  ]);
};

const rolloutText = (view: Fleet['view'], ms: number): string =>
  [`number ${view.ledger.rollout?.number ?? 0}`, waveOfText(view), progressText(view), `for ${age(ms)}`]
    .filter(part => part !== null)
    .join(', ');

const missingText = ({missing, now}: Fleet['view']): string =>
  `${missing.length}: ${listedBy(missing, ({host, ec2, since}) => `${host} for ${age(now - since)} (EC2: ${ec2})`)}`;

const numbers = ({hosts, isFiltered, fleet: {view}}: Shown): readonly string[] => {
  if (hosts.length === 0) return [isFiltered ? 'no host is like that' : 'no host is seen'];
  const of = isFiltered ? ` (${hosts.length} of ${view.hosts.length} hosts)` : '';
  const {proven} = view.ledger;
  const releases = countBy(hosts, ({active}) => active ?? 'nothing').map(count => ({
    ...count,
    name: `${shortId(count.name)}${count.name === proven ? ' (proven)' : ''}`,
  }));
  return [
    counts(`release${of}`, releases),
    counts(
      'zone',
      countBy(hosts, ({zone}) => zone),
    ),
    counts(
      'phase',
      countBy(hosts, ({phase}) => phase),
    ),
  ];
};

const LISTED = 12;
const NAME = 40;
const NUMBER = 10;

const counts = (title: string, all: readonly Count[]): string => {
  const few = all.slice(0, LISTED);
  const rest = all.slice(LISTED);
  const others = {
    name: `${rest.length} more`,
    hosts: rest.reduce((sum, {hosts}) => sum + hosts, 0),
    serving: rest.reduce((sum, {serving}) => sum + serving, 0),
  };
  const lines = rest.length === 0 ? few : [...few, others];
  return [
    `${title.padEnd(NAME)}${'hosts'.padStart(NUMBER)}${'serving'.padStart(NUMBER)}`,
    ...lines.map(
      ({name, hosts, serving}) =>
        `${shortened(name, NAME - 1).padEnd(NAME)}${String(hosts).padStart(NUMBER)}${String(serving).padStart(NUMBER)}`,
    ),
  ].join('\n');
};

const COLUMNS = [20, 14, 12, 17, 9] as const;

/** The text of `agentctl fleet --hosts`: a line for each host, and one below for why it is not where it should be. */
export const hostsText = (hosts: readonly HostStatus[], now: number): string =>
  [
    row(['instance', 'zone', 'phase', 'release', 'since']),
    ...hosts.flatMap(({instance, zone, phase, active, since, reason}) => [
      row([instance, zone, phase, active === null ? '-' : shortId(active), age(now - since)]),
      ...(reason ? wrap(reasonText(reason), WIDTH - 4).map(line => `    ${line}`) : []),
    ]),
  ].join('\n');

const row = (cells: readonly string[]): string =>
  cells
    .map((cell, column) => {
      const width = COLUMNS[column] ?? WIDTH;
      return shortened(cell, width).padEnd(width);
    })
    .join('  ')
    .trimEnd();
