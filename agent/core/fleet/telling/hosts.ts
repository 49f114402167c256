/** What there is to tell of single hosts. Many of them at once are one event, and so are those that follow soon. */
import type {ReportedOutcome} from '../../host/status.ts';
import {type Reason, reason} from '../../reason.ts';
import type {Failure, Permit} from '../ledger.ts';
import type {Missing} from '../members.ts';
import type {FleetView} from '../plan.ts';
import type {News} from './event.ts';
import type {Burst, Told} from './told.ts';

/** A host that is not seen for so long is told as lost: one that only restarts its agent is back sooner. */
export const LOST_MS = 120_000;
/** What is told of many hosts is told again after this long, with all that came since. */
export const AGAIN_MS = 60_000;
/** so many hosts of an event are named */
export const NAMED = 20;
/** what EC2 says of an instance that somebody ends: it is no loss */
const ENDING = ['shutting-down', 'terminated'];

export interface HostNews {
  readonly told: Told;
  readonly news: readonly News[];
}

/** What is new of single hosts. `isTurn`: what waits for others to come is told at once. */
export const hostNews = (before: Told, view: FleetView, isTurn: boolean): HostNews => {
  const parts = [failureNews, stuckNews, lostNews];
  let told = before;
  const news: News[] = [];
  for (const part of parts) {
    const found = part(told, view, isTurn);
    told = found.told;
    news.push(...found.news);
  }
  return {told, news};
};

type Part = (told: Told, view: FleetView, isTurn: boolean) => HostNews;

interface Subject {
  readonly host: string;
  readonly cause: Reason | null;
}

const groupOf = (kind: News['kind'], id: string, subjects: readonly Subject[]): readonly News[] => {
  const [first] = subjects;
  if (!first) return [];
  const hosts = subjects.slice(0, NAMED).map(({host}) => host);
  return [{id: `${kind}/${id}`, kind, hosts, count: subjects.length, cause: first.cause}];
};

const isDue = ({last}: Told, burst: Burst, now: number): boolean => {
  const at = last[burst];
  return at === undefined || now - at >= AGAIN_MS;
};

const noteLast = (told: Told, burst: Burst, news: readonly News[], now: number): Told =>
  news.length === 0 ? told : {...told, last: {...told.last, [burst]: now}};

const failureNews: Part = (told, view, isTurn) => {
  const {rollout} = told;
  const {failures, permits} = view.ledger;
  if (!rollout || rollout.failures === failures.length) return {told, news: []};
  if (!isTurn && !isDue(told, 'failures', view.now)) return {told, news: []};
  const out = new Set(permits.map(({fence}) => fence));
  // who still has its permit is stuck, which is told as such
  const fresh = failures.slice(rollout.failures).filter(({fence}) => !out.has(fence));
  const outcomes = outcomesOf(view);
  const isUnwell = ({host, fence}: Failure): boolean => {
    const outcome = outcomes.get(host);
    return outcome?.fence === fence && outcome.result === 'done';
  };
  const back = fresh.filter(failure => !isUnwell(failure));
  const unwell = fresh.filter(isUnwell);
  const news = [
    ...groupOf('host-rolled-back', failureId(back[0]), back),
    ...groupOf('host-unwell', failureId(unwell[0]), unwell),
  ];
  const noted = {...told, rollout: {...rollout, failures: failures.length}};
  return {told: noteLast(noted, 'failures', news, view.now), news};
};

const failureId = (failure: Failure | undefined): string =>
  failure ? `${failure.host}/${failure.fence}` : '';

const outcomesOf = ({hosts}: FleetView): ReadonlyMap<string, ReportedOutcome | null> =>
  new Map(hosts.map(({instance, outcome}) => [instance, outcome] as const));

const stuckNews: Part = (told, view, isTurn) => {
  const {permits, failures} = view.ledger;
  const failed = new Map(failures.map(failure => [failure.fence, failure]));
  const outcomes = outcomesOf(view);
  const away = new Map(lostHosts(view).map(each => [each.host, each]));
  const stuckBy = ({host, fence}: Permit): Subject | null => {
    const outcome = outcomes.get(host);
    const failure = failed.get(fence);
    const lost = away.get(host);
    if (failure) return {host, cause: failure.cause};
    if (outcome?.fence === fence && outcome.result === 'stuck') return {host, cause: outcome.cause};
    return lost ? {host, cause: unseen(lost)} : null;
  };
  const known = told.stuck.filter(fence => permits.some(permit => permit.fence === fence));
  const isNews = ({fence}: Permit): boolean => !known.includes(fence);
  const fresh = permits.filter(permit => isNews(permit) && stuckBy(permit) !== null);
  if (!isTurn && !isDue(told, 'stuck', view.now)) return {told: {...told, stuck: known}, news: []};
  const news = groupOf(
    'permit-stuck',
    `${fresh[0]?.host}/${fresh[0]?.fence}`,
    fresh.flatMap(permit => stuckBy(permit) ?? []),
  );
  const noted = {...told, stuck: [...known, ...fresh.map(({fence}) => fence)]};
  return {told: noteLast(noted, 'stuck', news, view.now), news};
};

const lostHosts = ({missing, now}: FleetView): readonly Missing[] =>
  missing.filter(({since, ec2}) => now - since >= LOST_MS && !ENDING.includes(ec2));

const unseen = ({since, ec2}: Missing): Reason => reason('host.unseen', {since, ec2});

const lostNews: Part = (told, view, isTurn) => {
  const known = told.lost.filter(host => view.missing.some(each => each.host === host));
  const fresh = lostHosts(view).filter(({host}) => !known.includes(host));
  if (!isTurn && !isDue(told, 'lost', view.now)) return {told: {...told, lost: known}, news: []};
  const subjects = fresh.map(each => ({host: each.host, cause: unseen(each)}));
  const news = groupOf('host-lost', `${fresh[0]?.host}/${fresh[0]?.since}`, subjects);
  const noted = {...told, lost: [...known, ...fresh.map(({host}) => host)]};
  return {told: noteLast(noted, 'lost', news, view.now), news};
};
