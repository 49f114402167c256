import {forecast} from '../../../core/fleet/forecast/forecast.ts';
import {standingOf} from '../../../core/fleet/operate/standing.ts';
import {progressOf} from '../../../core/fleet/operate/summary.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {reasonText} from '../../../core/reason.ts';
import {age} from '../../age.ts';
import {rows} from '../../layout.ts';
import {
  askedText,
  failedText,
  outText,
  progressText,
  standingText,
  stopText,
  waveOfText,
} from '../look/words.ts';
import type {Fleet} from '../reach/read.ts';

/** What one look at the fleet has to show. */
export interface Look {
  /** `web/production` */
  readonly name: string;
  readonly fleet: Fleet;
  /** how long a host is out, ms */
  readonly perHostMs: number;
  /** why the store does not answer since, and since when; null while it does */
  readonly away: {readonly text: string; readonly since: number} | null;
  /** ms since the epoch */
  readonly now: number;
}

/** The rollout as a terminal shows it: no line is wider than 80 columns. */
export const sceneText = ({name, fleet: {view, coordinator}, perHostMs, away, now}: Look): string => {
  const {ledger, freeze, lock, missing} = view;
  const {done, size} = progressOf(view);
  const seen = {...view, now};
  return rows([
    ['fleet', name],
    ['state', standingText(standingOf(view), view)],
    ['asked for', askedText(view)],
    ['progress', `${bar(done, size)} ${size === 0 ? 0 : Math.floor((done * 100) / size)} %`],
    ['', progressText(view)],
    ['wave', waveOfText(view)?.replace(/^wave /, '') ?? null],
    ['out', outText(seen)],
    ['failed', failedText(view)],
    ['blocked', ledger.blocked && reasonText(ledger.blocked)],
    ['frozen', freeze && stopText(freeze.by, freeze.at, freeze.note)],
    ['locked', lock && stopText(lock.by, lock.at, lock.why)],
    [
      'missing',
      missing.length === 0
        ? null
        : `${missing.length}: ${missing[0]?.host}${missing.length > 1 ? ', …' : ''}`,
    ],
    ['coordinator', coordinator === null ? 'nobody: no permit is given' : null],
    ['store', away && `${away.text}; for ${age(now - away.since)}, since when nothing new is known`],
    ['left', leftText(seen, perHostMs)],
  ]);
};

const BAR = 50;

const bar = (done: number, size: number): string => {
  const full = size === 0 ? 0 : Math.floor((Math.min(done, size) * BAR) / size);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR - full)}]`;
};

/** so many looks of the planner: what is drawn again and again must be cheap */
const STEPS = 100;

/** How long it still takes, when that can be said; null when nothing goes on. */
export const leftText = (view: FleetView, perHostMs: number): string | null => {
  const standing = standingOf(view);
  if (standing !== 'rolling' && standing !== 'reverting') return null;
  const {end, endsAt} = forecast(view, {perHostMs, steps: STEPS});
  if (endsAt === null || !['proven', 'partial', 'reverted'].includes(end)) return null;
  return `about ${age(endsAt - view.now)}, with ${age(perHostMs)} for each host that is out`;
};
