import {lstat, readlink} from 'node:fs/promises';
import {join} from 'node:path';
import {showUnit, type UnitState} from '../../host/systemd/systemd.ts';
import {FINE, type Findings, type Part, problem, together} from './part.ts';

/** What an activation needs of the host: the units, and a place for the link that the application uses. */
export const activationPart: Part = {
  name: 'units and path of [activate]',
  examine: async ({settings: {activate, stateDir}}, signal) => {
    const units = activate.kind === 'systemd' ? activate.units : [];
    const path = await pathFindings(activate.path, join(stateDir, 'current'));
    return together([
      path,
      ...(await Promise.all(units.map(async unit => unitFindings(await showUnit(unit, signal))))),
    ]);
  },
};

/** What is wrong with a unit. A release's script may bring its units along: one that is not there yet is no fault. */
export const unitFindings = ({unit, load}: Pick<UnitState, 'unit' | 'load'>): Findings => {
  if (load === 'loaded') return FINE;
  if (load === 'not-found')
    return {problems: [], notes: [`the unit ${unit} is not there yet: a release's script has to make it`]};
  return problem('activate.units', `a unit that can be started: ${unit}`, load === '' ? 'unknown' : load);
};

const pathFindings = async (path: string, wanted: string): Promise<Findings> => {
  const found = await linkAt(path);
  const expected = `nothing, or a link to ${wanted}, at ${path}`;
  return found === null || found === wanted ? FINE : problem('activate.path', expected, found);
};

const linkAt = async (path: string): Promise<string | null> => {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : 'a file or folder';
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? null : message;
  }
};
