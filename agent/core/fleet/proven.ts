/** What new instances boot: the release that a whole rollout finished with, or why there is none yet. */
import type {HostStatus} from '../host/status.ts';
import {type Reason, reason, reasonText} from '../reason.ts';
import {shortId} from '../release.ts';
import {takenBack} from './failure/revert.ts';
import type {Ledger} from './ledger.ts';
import type {Missing} from './members.ts';
import {listedBy} from './names.ts';

interface View {
  readonly hosts: readonly HostStatus[];
  /** hosts that are not seen any more and not known to be gone */
  readonly missing: readonly Missing[];
  /** hosts that are not waited for, see `Desired.force` */
  readonly forced: ReadonlySet<string>;
}

/** The release a whole rollout finished with is what new instances boot. */
export const noteProven = (ledger: Ledger, view: View): Ledger => {
  const release = ledger.rollout?.release;
  const proven = release !== undefined && isFinished(ledger, view) && unseen(ledger, view).length === 0;
  if (!proven) return ledger;
  const {proven: last, provenBefore: before} = ledger;
  const provenBefore = [...before.filter(each => each !== last && each !== release), last].filter(
    each => each !== null,
  );
  return {...ledger, proven: release, previous: last, provenBefore: provenBefore.slice(-REMEMBERED)};
};

/** so many releases that were proven once are known */
const REMEMBERED = 50;

/** Every host that is seen serves the release, for the first time. One that somebody denied meanwhile is not what new instances boot. */
const isFinished = ({rollout, proven, permits, denied}: Ledger, {hosts, forced}: View): boolean =>
  rollout !== null &&
  proven !== rollout.release &&
  rollout.revert === null &&
  !denied.includes(rollout.release) &&
  permits.every(({host}) => forced.has(host)) &&
  hosts.length > 0 &&
  !hosts.some(host => isBehind(host, rollout.release) && !forced.has(host.instance));

/** Hosts that were there during this rollout and that nobody has seen finish it. */
const unseen = ({rollout}: Ledger, {missing, forced}: View): readonly Missing[] =>
  missing.filter(each => each.rollout === rollout?.version && !forced.has(each.host));

/** Why the release of the rollout is not what new instances boot, when nobody is on the way to it with a permit. */
export const notProven = (ledger: Ledger, view: View): Reason | null => {
  const {rollout, proven, permits, denied} = ledger;
  if (!rollout || rollout.release === proven || permits.length > 0 || view.hosts.length === 0) return null;
  const back = takenBack(rollout);
  if (back) return back;
  const release = shortId(rollout.release);
  if (denied.includes(rollout.release)) return reason('permit.denied', {release});
  if (!isFinished(ledger, view)) {
    const kept = view.hosts.filter(host => isKept(host, rollout.release));
    const boots = proven === null ? 'nothing' : shortId(proven);
    return kept.length === 0
      ? null
      : reason('rollout.behind', {release, proven: boots, hosts: listedBy(kept, keptText)});
  }
  const away = unseen(ledger, view);
  const names = listedBy(away, ({host, ec2}) => `${host} (EC2: ${ec2})`);
  return away.length === 0 ? null : reason('rollout.unseen', {release, hosts: names});
};

const isBehind = ({active, serving}: HostStatus, release: string): boolean => active !== release || !serving;

/** Behind, and not just on its way: a ledger that named those would be written for each of their steps. */
const isKept = (host: HostStatus, release: string): boolean =>
  host.reason !== null && host.reason.kind !== 'stage.spread' && isBehind(host, release);

const keptText = ({instance, reason: why}: HostStatus): string => `${instance} (${why && reasonText(why)})`;
