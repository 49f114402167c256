/** Asks a fleet for a release: says what will happen, asks, and writes the desired key in place of what was seen of it. */
import {type Desired, readDesired} from '../../../core/desired.ts';
import {forecast} from '../../../core/fleet/forecast/forecast.ts';
import {bumped, freed} from '../../../core/fleet/forecast/freed.ts';
import {
  askedOf,
  type Bump,
  bumpDocument,
  endedBy,
  hostsText,
  objectionsTo,
  saysMeanwhile,
} from '../../../core/fleet/operate/bump.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {reasonText} from '../../../core/reason.ts';
import {releaseId, shortId} from '../../../core/release.ts';
import {age} from '../../age.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import {agreed, done} from '../reach/answer.ts';
import type {ChangeOptions} from '../reach/options.ts';
import {type Reach, Refusal} from '../reach/reach.ts';
import type {Fleet} from '../reach/read.ts';
import {expecting} from '../reach/write.ts';

interface Asking {
  readonly options: ChangeOptions;
  readonly terminal: Terminal;
  /** the release as it was asked for */
  readonly typed?: string;
}

/** Bumps the fleet that was read. Gives the exit code; throws a `Refusal` for what would come to nothing. */
export const bumpFleet = async (
  reach: Reach,
  fleet: Fleet,
  bump: Bump,
  {options, terminal, typed = bump.release}: Asking,
): Promise<number> => {
  const {store, keys, signal} = reach;
  const {view, entries} = fleet;
  if (view.unreadable) throw new Refusal(view.unreadable.kind, reasonText(view.unreadable));
  const [vain] = objectionsTo(bump, view);
  if (vain) throw new Refusal(vain.kind, reasonText(vain));
  const document = bumpDocument(bump, new Date().toISOString());
  const reading = readDesired(document, '');
  if (!reading.ok) throw new Refusal(reading.refusal.kind, reasonText(reading.refusal), EXIT.usage);
  const plan = [planText(reach.name, fleet, {bump, typed}), lengthText(view, reading.desired)]
    .filter(part => part !== undefined)
    .join(' ');
  if (!(await agreed(plan, options, terminal))) return EXIT.refused;
  if (!(await store.put(keys.desired, document, expecting(entries.desired), signal)).ok) {
    const now = saysMeanwhile(keys.desired, await store.get(keys.desired, signal));
    throw new Refusal('operator.meanwhile', `${now}: look at that, and ask again`);
  }
  const {freeze} = view;
  const mind = freeze
    ? `, but mind: the fleet is frozen by ${freeze.by}, and does not move until "agentctl thaw"`
    : '';
  return done(`${keys.desired} asks for ${shortId(bump.release)} now${mind}`, options, terminal);
};

const planText = (
  name: string,
  {view, entries}: Fleet,
  {bump, typed}: {readonly bump: Bump; readonly typed: string},
): string => {
  const {desired, ledger} = view;
  const ended = endedBy(bump, desired && askedOf(desired), ledger.proven);
  return [
    bumpText(name, bump, {
      instead: insteadOf(entries.desired !== null, desired && releaseId(desired.release)),
      typed,
    }),
    ended,
  ]
    .filter(part => part !== null)
    .join(' ');
};

const PER_HOST_MS = 60_000;
/** a question is not kept waiting for what `agentctl plan` takes its time for */
const STEPS = 200;

/** How long it takes, where that can be said at once. */
const lengthText = (view: FleetView, desired: Desired): string | undefined => {
  if (view.hosts.length === 0) return undefined;
  const {waves, endsAt} = forecast(freed(bumped(view, desired)), {perHostMs: PER_HOST_MS, steps: STEPS});
  if (endsAt === null || waves.length === 0) return undefined;
  const count = waves.reduce((sum, {hosts}) => sum + hosts.length, 0);
  return `That is ${count === 1 ? '1 host' : `${count} hosts`}, and about ${age(endsAt - view.now)} with a minute for each: "agentctl plan" says more.`;
};

interface Said {
  /** what is asked for now, in words */
  readonly instead: string;
  /** the release as it was asked for: a branch moves */
  readonly typed: string;
}

/** What a bump does, in a sentence. */
export const bumpText = (
  name: string,
  {release, share, force = []}: Bump,
  {instead, typed}: Said,
): string => {
  const called = typed === release ? '' : ` (${typed} now)`;
  const who =
    share === undefined || share === '100%'
      ? `Every host of ${name} is`
      : `Of ${name}, ${hostsText(share)} ${share === 1 ? 'is' : 'are'}`;
  const rest = share === undefined || share === '100%' ? '' : ' New instances still boot what is proven.';
  const forced = force.length === 0 ? '' : ` It is not waited for ${force.join(', ')}.`;
  return `${who} asked to run ${shortId(release)}${called} instead of ${instead}, in turns, as its policy allows.${rest}${forced}`;
};

/** The release that is replaced, in words. */
export const insteadOf = (isThere: boolean, release: string | null): string =>
  release === null ? (isThere ? 'what nobody can read' : 'nothing') : shortId(release);
