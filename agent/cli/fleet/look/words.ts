/** A fleet's rollout in words. */
import {listedBy} from '../../../core/fleet/names.ts';
import type {Standing} from '../../../core/fleet/operate/standing.ts';
import {progressOf} from '../../../core/fleet/operate/summary.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {waveText} from '../../../core/fleet/wave.ts';
import {amountText} from '../../../core/policy/amount.ts';
import {reasonText} from '../../../core/reason.ts';
import {releaseId, shortId} from '../../../core/release.ts';
import {utcText} from '../../../core/utc.ts';
import {age} from '../../age.ts';

/** What the fleet does, in a few words. */
export const standingText = (standing: Standing, view: FleetView): string => {
  const {rollout} = view.ledger;
  const release = shortId(rollout?.release ?? '');
  const asked = view.desired ? shortId(releaseId(view.desired.release)) : '';
  const back = shortId(rollout?.revert?.release ?? '');
  const share = view.desired?.share;
  switch (standing) {
    case 'idle':
      return 'no release is asked for';
    case 'pending':
      return `${asked} is asked for, and not begun`;
    case 'rolling':
      return `${rollout?.way === 'back' ? 'going back to' : 'rolling out'} ${release}`;
    case 'partial':
      return `${release} is on ${share ? amountText(share) : 'a part'} of the fleet, as asked`;
    case 'proven':
      return `steady on ${release}`;
    case 'halted':
      return `the rollout of ${release} is halted`;
    case 'denied':
      return `${release} is denied`;
    case 'reverting':
      return `${release} failed; going back to ${back}`;
    case 'reverted':
      return `${release} failed; back on ${back}`;
  }
};

/** What was asked for, and by whom: `222222222222 for 10%: "fix the cart" (ada)`; null when nothing is. */
export const askedText = ({desired}: FleetView): string | null => {
  if (!desired) return null;
  const {release, message, by, share, force} = desired;
  const words = [message && `"${message}"`, by && `(${by})`].filter(part => part).join(' ');
  const part = share ? ` for ${amountText(share)}` : '';
  const forced = force ? `, not waiting for ${listedBy(force, name => name)}` : '';
  return `${shortId(releaseId(release))}${part}${words === '' ? '' : `: ${words}`}${forced}`;
};

/** The wave that is under way: `wave 2 of 3 (10%)`; null where there is none. */
export const waveOfText = ({ledger: {rollout}, policy: {waves}}: FleetView): string | null => {
  if (!rollout || rollout.way === 'back' || rollout.revert || waves.length === 0) return null;
  const wave = waves[rollout.wave];
  return wave === undefined
    ? 'past its waves, the rest follows'
    : `wave ${rollout.wave + 1} of ${waves.length} (${waveText(wave)})`;
};

/** How far it is, `12 of 300 hosts have it`. */
export const progressText = (view: FleetView): string => {
  const {done, size} = progressOf(view);
  return `${done} of ${size === 1 ? '1 host' : `${size} hosts`} ${done === 1 || size === 1 ? 'has' : 'have'} it`;
};

/** Who is out, the latest first. */
export const outText = ({ledger: {permits}, now}: FleetView): string | null =>
  permits.length === 0
    ? null
    : `${permits.length}: ${listedBy(permits.toReversed(), ({host, since}) => `${host} for ${age(now - since)}`)}`;

/** On whom it failed, and why. */
export const failedText = ({ledger: {failures}}: FleetView): string | null =>
  failures.length === 0
    ? null
    : `${failures.length}: ${listedBy(failures, ({host, cause}) => `${host} (${cause ? reasonText(cause) : 'no reason given'})`)}`;

/** Who put a stop into the store: `by ada since 2027-01-03 10:00 UTC: the cart fails`. */
export const stopText = (by: string, at: number | null, words: string): string =>
  `by ${by}${at === null ? '' : ` since ${utcText(at)}`}${words === '' ? '' : `: ${words}`}`;
