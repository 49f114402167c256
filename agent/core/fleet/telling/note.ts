/**
 * What there is to tell, by what is to be seen now and what was told before. It looks at states and not at changes, so that nothing is lost
 * or told twice when coordinators change, whatever they had done last.
 */
import {printable} from '../../printable.ts';
import type {Reason} from '../../reason.ts';
import {standingOf} from '../operate/standing.ts';
import type {FleetView} from '../plan.ts';
import type {EventKind, FleetEvent, News, ToldRollout} from './event.ts';
import {hostNews} from './hosts.ts';
import {rolloutNews} from './rollout.ts';
import type {Pending, Told} from './told.ts';

/** So many events wait at most; the oldest is given up for the newest. */
export const PENDING = 30;
const WORDS_LIMIT = 300;

export interface Noted {
  readonly told: Told;
  /** events that nobody will be told of: there were too many */
  readonly dropped: readonly FleetEvent[];
}

/** The memory with what is new among that which waits. `view.ledger` is the ledger as it was written; what nobody wants to hear is told. */
export const noteTold = (before: Told, view: FleetView, wanted: ReadonlySet<EventKind>): Noted => {
  const rollout = rolloutNews(before.rollout, view, standingOf(view));
  const hosts = hostNews({...before, rollout: rollout.progress}, view, rollout.isTurn);
  const rolling = rolloutOf(view);
  const news = [...rollout.first, ...hosts.news, ...rollout.last].filter(({kind}) => wanted.has(kind));
  const all = [...before.pending, ...news.map(each => pendingOf(each, rolling, view.now))];
  const kept = all.slice(-PENDING);
  return {
    told: {...hosts.told, pending: kept},
    dropped: all.slice(0, all.length - kept.length).map(({event}) => event),
  };
};

const pendingOf = (
  {id, kind, wave = null, outcome = null, hosts = [], count = 0, cause = null}: News,
  rollout: ToldRollout | null,
  at: number,
): Pending => ({
  event: {id, kind, at, rollout, wave, outcome, hosts, count, cause: cause && shortened(cause)},
  by: null,
  done: [],
});

// The output of a script may be long, and the memory has to fit into one value of a store.
const shortened = ({kind, details}: Reason): Reason => ({
  kind,
  details: Object.fromEntries(
    Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? printable(value, WORDS_LIMIT) : value,
    ]),
  ),
});

const rolloutOf = ({ledger: {rollout}, desired}: FleetView): ToldRollout | null => {
  if (!rollout) return null;
  const {number, release, way, version} = rollout;
  const asked = desired?.version === version ? desired : null;
  return {number, release, way, by: words(asked?.by), message: words(asked?.message)};
};

const words = (text: string | undefined): string | null =>
  text === undefined ? null : printable(text, WORDS_LIMIT);
