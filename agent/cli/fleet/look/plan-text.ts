import type {Forecast} from '../../../core/fleet/forecast/forecast.ts';
import {listed} from '../../../core/fleet/names.ts';
import {hostsText} from '../../../core/fleet/operate/bump.ts';
import {countBy} from '../../../core/fleet/operate/summary.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {type Reason, reasonText} from '../../../core/reason.ts';
import {shortId} from '../../../core/release.ts';
import {utcText} from '../../../core/utc.ts';
import {age} from '../../age.ts';
import {rows, table} from '../../layout.ts';

export interface Planned {
  readonly name: string;
  readonly release: string;
  readonly share: number | string | null;
  readonly view: FleetView;
  readonly forecast: Forecast;
  /** what would be refused, or stands in the way now; the forecast is what follows once they are gone */
  readonly blockers: readonly Reason[];
  readonly perHostMs: number;
}

/** The text of `agentctl plan`. */
export const planText = (planned: Planned): string => {
  const {name, release, share, view, forecast, blockers} = planned;
  const {waves} = forecast;
  const part = share === null ? '' : ` on ${hostsText(share)}`;
  const head = rows([
    ['plan', `${name} to ${shortId(release)}${part}`],
    [
      'runs now',
      countBy(view.hosts, ({active}) => active ?? 'nothing')
        .slice(0, 5)
        .map(count => `${shortId(count.name)} on ${count.hosts}`)
        .join(', ') || 'nothing',
    ],
    ...blockers.map((cause): [string, string] => ['in the way', reasonText(cause)]),
    ['goes', goesText(planned)],
    ['takes', takesText(planned)],
    ['ends', endText(planned)],
  ]);
  if (waves.length === 0) return head;
  const after = (at: number): string => `+${age(at - view.now)}`;
  const lines = waves.map(({name: wave, hosts, beginsAt, endsAt}) => [
    wave,
    String(hosts.length),
    after(beginsAt),
    after(endsAt),
    listed(hosts),
  ]);
  return `${head}\n\n${table([['wave', 'hosts', 'begins', 'ends', 'in this order'], ...lines])}`;
};

const goesText = ({forecast: {waves}}: Planned): string => {
  const count = waves.reduce((sum, {hosts}) => sum + hosts.length, 0);
  return count === 0 ? 'no host' : count === 1 ? '1 host' : `${count} hosts`;
};

const takesText = ({forecast: {waves, endsAt}, view: {now}, perHostMs}: Planned): string | null => {
  const assumed = `${age(perHostMs)} for each host that is out (--per-host); staging, which hosts do while they serve, is not counted`;
  if (waves.length === 0) return null;
  return endsAt === null
    ? `longer than was looked ahead, with ${assumed}`
    : `about ${age(endsAt - now)}, until ${utcText(endsAt)}, with ${assumed}`;
};

const endText = ({forecast: {end, blocked}}: Planned): string => {
  switch (end) {
    case 'proven':
      return 'on every host, and proven';
    case 'partial':
      return 'on the share; "agentctl promote" lets the rest follow';
    case 'reverted':
      return 'where it came from';
    default:
      return blocked ? `not by itself: ${reasonText(blocked)}` : 'not by itself';
  }
};
