/** What a bump would do, without doing it. */
import {forecast} from '../../../core/fleet/forecast/forecast.ts';
import {bumped, freed} from '../../../core/fleet/forecast/freed.ts';
import {type Bump, objectionsTo} from '../../../core/fleet/operate/bump.ts';
import type {FleetView} from '../../../core/fleet/plan.ts';
import {amountOf} from '../../../core/policy/amount.ts';
import {type Reason, reason, reasonText} from '../../../core/reason.ts';
import {parseRelease, releaseId} from '../../../core/release.ts';
import {utcText} from '../../../core/utc.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import {asker} from '../../verb.ts';
import {knownRelease} from '../reach/known.ts';
import type {FleetOptions} from '../reach/options.ts';
import {type Reach, Refusal} from '../reach/reach.ts';
import {readFleet} from '../reach/read.ts';
import {type Planned, planText} from './plan-text.ts';

export interface PlanOptions extends FleetOptions {
  readonly message?: string;
  readonly share?: number | string;
  readonly force?: readonly string[];
  /** how long a host has its permit, ms */
  readonly perHost: number;
}

/** Shows what a bump would do, or without a release what is left of the rollout that is under way. */
export const showPlan = async (
  reach: Reach,
  name: string | undefined,
  options: PlanOptions,
  terminal: Terminal,
): Promise<number> => {
  const {message, share, force} = options;
  if (name === undefined && (message ?? share ?? force) !== undefined)
    throw new Refusal('operator.usage', '--message, --share and --force go with a release', EXIT.usage);
  const {view} = await readFleet(reach);
  const planned = planOf(
    reach.name,
    name === undefined ? goingOn(view) : bumpedBy(view, name, options, terminal),
    options,
  );
  terminal.say(options.json ? JSON.stringify(documentOf(planned)) : planText(planned));
  return EXIT.ok;
};

interface Asked {
  readonly view: FleetView;
  readonly release: string;
  readonly objections: readonly Reason[];
}

const goingOn = (view: FleetView): Asked => {
  if (!view.desired)
    throw new Refusal('desired.missing', 'no release is asked for: name the one to plan for');
  const release = releaseId(view.desired.release);
  const by = view.desired.by ?? '';
  const {message} = view.desired;
  return {
    view,
    release,
    objections: objectionsTo({release, by, ...(message !== undefined && {message})}, view),
  };
};

const bumpedBy = (view: FleetView, name: string, options: PlanOptions, terminal: Terminal): Asked => {
  const id = knownRelease(name, view);
  const release = parseRelease(id);
  if (!release) throw new Refusal('desired.refused', `${id} is no release`, EXIT.usage);
  const {message, share, force} = options;
  const bump: Bump = {release: id, by: asker(terminal), ...(message !== undefined && {message})};
  const desired = {
    release,
    ...(share !== undefined && {share: amountOf(share)}),
    ...(force !== undefined && {force}),
  };
  return {view: bumped(view, desired), release: id, objections: objectionsTo(bump, view)};
};

const planOf = (name: string, {view, release, objections}: Asked, {perHost, share}: PlanOptions): Planned => {
  const {freeze, unreadable} = view;
  const stops = [
    ...(unreadable ? [unreadable] : []),
    ...(freeze
      ? [
          reason('permit.frozen', {
            by: freeze.by,
            note: freeze.note,
            since: freeze.at === null ? '' : utcText(freeze.at),
          }),
        ]
      : []),
  ];
  return {
    name,
    release,
    share: share ?? null,
    view,
    forecast: forecast(freed(view), {perHostMs: perHost}),
    blockers: [...objections, ...stops],
    perHostMs: perHost,
  };
};

const documentOf = ({name, release, share, view, forecast: seen, blockers, perHostMs}: Planned) => {
  const told = (cause: Reason) => ({kind: cause.kind, text: reasonText(cause)});
  return {
    fleet: name,
    release,
    share,
    hosts: view.hosts.length,
    now: view.now,
    perHostMs,
    blockers: blockers.map(told),
    ...seen,
    blocked: seen.blocked && told(seen.blocked),
  };
};
