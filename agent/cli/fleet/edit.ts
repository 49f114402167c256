/** deny, allow, release-permit: the ledger, edited by hand. */

import type {Ledger} from '../../core/fleet/ledger.ts';
import {allowRelease, denyRelease, type Edit, takePermit} from '../../core/fleet/operate/edit.ts';
import {EXIT, type Terminal} from '../terminal.ts';
import {agreed, done} from './reach/answer.ts';
import {knownRelease} from './reach/known.ts';
import type {ChangeOptions, FleetOptions} from './reach/options.ts';
import type {Reach} from './reach/reach.ts';
import {type Fleet, readFleet} from './reach/read.ts';
import {editLedger, orRefuse} from './reach/write.ts';

/** A release never boots or rolls again. */
export const deny = async (reach: Reach, name: string, options: ChangeOptions, terminal: Terminal) => {
  const {view} = await readFleet(reach);
  const release = knownRelease(name, view);
  return change(reach, ledger => denyRelease(ledger, release), {options, terminal, ledger: view.ledger});
};

/** A denied release may be tried again. */
export const allow = async (reach: Reach, name: string, options: FleetOptions, terminal: Terminal) => {
  const release = knownRelease(name, (await readFleet(reach)).view);
  return done(
    `${reach.name}: ${await editLedger(reach, ledger => allowRelease(ledger, release))}`,
    options,
    terminal,
  );
};

/** A host's permit is free, although the host never gave it back. */
export const releasePermit = async (
  reach: Reach,
  host: string,
  options: ChangeOptions,
  terminal: Terminal,
) => {
  const {view}: Fleet = await readFleet(reach);
  const edit = (ledger: Ledger) => takePermit(ledger, host, view.hosts);
  const warning = `If ${host} still runs, one host more than allowed may be out of service.`;
  return change(reach, edit, {options, terminal, ledger: view.ledger, warning});
};

interface Change {
  readonly options: ChangeOptions;
  readonly terminal: Terminal;
  /** as it was read: what is asked about */
  readonly ledger: Ledger;
  readonly warning?: string;
}

const change = async (
  reach: Reach,
  edit: (ledger: Ledger) => Edit,
  {options, terminal, ledger, warning}: Change,
): Promise<number> => {
  const {text} = orRefuse(edit(ledger));
  const plan = [`What follows for ${reach.name}: ${text}.`, warning]
    .filter(part => part !== undefined)
    .join(' ');
  if (!(await agreed(plan, options, terminal))) return EXIT.refused;
  return done(`${reach.name}: ${await editLedger(reach, edit)}`, options, terminal);
};
