/** promote, revert, unify: bumps to a release that the fleet knows already. */
import {
  carriedFrom,
  promotedFrom,
  revertedTo,
  type Target,
  unifiedOn,
} from '../../../core/fleet/operate/target.ts';
import {keysOf} from '../../../core/keys.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import {asker} from '../../verb.ts';
import {knownRelease} from '../reach/known.ts';
import type {ChangeOptions} from '../reach/options.ts';
import {type Reach, Refusal} from '../reach/reach.ts';
import {type Fleet, readFleet} from '../reach/read.ts';
import {bumpFleet} from './bump.ts';

export interface LeadOptions extends ChangeOptions {
  readonly message?: string;
}

export interface PromoteOptions extends LeadOptions {
  readonly from?: string;
}

/** The release of a partial rollout to everybody; with `from`: what is proven in that channel, to this one. */
export const promote = async (reach: Reach, options: PromoteOptions, terminal: Terminal): Promise<number> => {
  const fleet = await readFleet(reach);
  const {from} = options;
  if (from === undefined) return lead(reach, fleet, promotedFrom(fleet.view), {options, terminal});
  if (from === reach.channel)
    throw new Refusal(
      'operator.place',
      `--from: expected another channel than ${from}: give the other one with --to`,
      EXIT.usage,
    );
  const source = {...reach, channel: from, name: `${reach.app}/${from}`, keys: keysOf(reach.app, from)};
  const {view} = await readFleet(source);
  const target = carriedFrom(view, source.name, fleet.view, reach.name);
  return lead(reach, fleet, target, {options, terminal});
};

/** Back to what was proven before. */
export const revert = async (reach: Reach, options: LeadOptions, terminal: Terminal): Promise<number> => {
  const fleet = await readFleet(reach);
  return lead(reach, fleet, revertedTo(fleet.view), {options, terminal});
};

/** Every host to one release. */
export const unify = async (
  reach: Reach,
  name: string | undefined,
  options: LeadOptions,
  terminal: Terminal,
): Promise<number> => {
  const fleet = await readFleet(reach);
  const release = name === undefined ? null : knownRelease(name, fleet.view);
  return lead(reach, fleet, unifiedOn(fleet.view, release), {options, terminal});
};

const lead = async (
  reach: Reach,
  fleet: Fleet,
  target: Target,
  {options, terminal}: {readonly options: LeadOptions; readonly terminal: Terminal},
): Promise<number> => {
  if (!target.ok) throw new Refusal('operator.nothing', target.text);
  const message = options.message ?? target.message;
  const bump = {release: target.release, by: asker(terminal), ...(message !== undefined && {message})};
  return bumpFleet(reach, fleet, bump, {options, terminal});
};
