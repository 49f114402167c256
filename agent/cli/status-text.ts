import type {FleetReport, Running, StatusReport, Told} from '../control/protocol.ts';
import {shortId} from '../core/release.ts';
import {age} from './age.ts';
import {rows} from './layout.ts';
import {count, isBehind, requestText} from './report.ts';

/** The text of `agentctl status`. */
export const statusText = (report: StatusReport): string => {
  const {app, channel, instance, zone, role, agent, now} = report;
  const ago = (at: number): string => age(now - at);
  return rows([
    ['host', [instance, zone, `role ${role}`].filter(part => part !== '').join(', ')],
    ['follows', `${app}/${channel}`],
    ['state', `${report.step}, for ${ago(report.since)}`],
    ['traffic', traffic(report)],
    ['runs', running(report.active) ?? 'nothing'],
    ['should run', shouldRun(report)],
    ['next', running(report.target)],
    ['previous', running(report.previous)],
    ['why', why(report)],
    ['refused', report.refusal?.text === report.reason?.text ? null : (report.refusal?.text ?? null)],
    ['hold', report.hold && `by ${report.hold.by}, ${ago(report.hold.at)} ago: ${report.hold.note}`],
    ['rejected', rejected(report, ago)],
    ['permit', report.permit === null ? null : `number ${report.permit}`],
    ['cut', report.cut.length === 0 ? null : cut(report.cut)],
    ['store', store(report)],
    ['fleet', report.fleet && fleet(report.fleet, report)],
    ['agent', agent],
  ]);
};

// What another row says anyway is not said twice: hold, rejected, store.
const why = (report: StatusReport): string | null =>
  report.reason?.kind === 'operator.hold' ? null : (report.reason?.text ?? null);

const traffic = ({serving, out}: StatusReport): string =>
  serving ? 'serving' : out ? 'out, by this agent' : 'not serving';

const running = (it: Running | null): string | null =>
  it && `${shortId(it.release)} (generation ${it.generation})`;

const shouldRun = (report: StatusReport): string => {
  const {desired, active} = report;
  if (!desired) return 'not known';
  const same = desired.release === active?.release ? 'the same' : shortId(desired.release);
  return `${same}${requestText(report)}`;
};

const rejected = ({rejected: it, reason}: StatusReport, ago: (at: number) => string): string | null =>
  it &&
  `${shortId(it.release)}, ${ago(it.at)} ago${reason?.kind.startsWith('release.') ? '' : `: ${it.text}`}`;

const store = ({store: {name, ok, text}, reason}: StatusReport): string =>
  ok ? name : text === null || text === reason?.text ? `${name} does not answer` : text;

const notNow = ({kind, text}: Told): string => (kind.startsWith('permit.') ? `no permit now: ${text}` : text);

const SHOWN = 5;

const cut = (peers: readonly string[]): string =>
  `${count(peers.length, 'connection')} by the last drain: ${some(peers)}`;

const some = (names: readonly string[]): string =>
  `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', …' : ''}`;

const fleet = ({proven, rollout, permits, failures, blocked}: FleetReport, report: StatusReport): string => {
  const {reason} = report;
  const isOver = rollout?.release === proven && permits.length === 0 && blocked === null;
  return [
    `proven ${proven === null ? 'nothing yet' : shortId(proven)}`,
    rollout && !isOver && `rolling out ${shortId(rollout.release)}`,
    permits.length > 0 && `${count(permits.length, 'permit')} out (${some(permits.map(({host}) => host))})`,
    failures.length > 0 && `failed on ${some(failures.map(({host}) => host))}`,
    blocked && !reason?.kind.startsWith('permit.') && notNow(blocked),
    isBehind(report) && 'this host is one of them',
  ]
    .filter(part => part)
    .join('; ');
};
