import {quote} from '../../../core/quote.ts';
import {parseRelease, RELEASE_EXPECTED} from '../../../core/release.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import {asker} from '../../verb.ts';
import type {ChangeOptions} from '../reach/options.ts';
import {type Reach, Refusal} from '../reach/reach.ts';
import {type Fleet, readFleet} from '../reach/read.ts';
import {bumpFleet} from './bump.ts';

export interface DeployOptions extends ChangeOptions {
  readonly message?: string;
  /** a count of hosts, or `10%` */
  readonly share?: number | string;
  readonly force?: readonly string[];
}

/** Asks the fleet for a release from any machine. What it is made of is not looked at: each host does that before it leaves traffic. */
export const deploy = async (
  reach: Reach,
  name: string,
  options: DeployOptions,
  terminal: Terminal,
): Promise<number> => {
  const release = parseRelease(name) ? name : await revisionOf(name, terminal.env);
  const fleet = await readFleet(reach);
  const {message, share, force = []} = options;
  requireHosts(force, fleet);
  const bump = {
    release,
    by: asker(terminal),
    ...(message !== undefined && {message}),
    ...(share !== undefined && {share}),
    ...(force.length > 0 && {force}),
  };
  return bumpFleet(reach, fleet, bump, {options, terminal, typed: name});
};

const requireHosts = (names: readonly string[], {view: {hosts, missing, ledger}}: Fleet): void => {
  const known = new Set([
    ...hosts.map(({instance}) => instance),
    ...missing.map(({host}) => host),
    ...ledger.permits.map(({host}) => host),
  ]);
  const stranger = names.find(name => !known.has(name));
  if (stranger !== undefined)
    throw new Refusal('operator.force', `--force: ${quote(stranger)} is no host of this fleet`, EXIT.usage);
};

/** The revision that a branch or tag is now, where this machine has the fleet's configuration with a git remote. */
const revisionOf = async (name: string, env: Terminal['env']): Promise<string> => {
  const {resolveHere} = await import('./resolve.ts');
  const found = await resolveHere(name, env.RELEASE_AGENT_ROOT || '/');
  if (found !== null) return found;
  throw new Refusal(
    'desired.refused',
    `expected ${RELEASE_EXPECTED}, got ${quote(name)}. A branch or tag is looked up on a host of the fleet, or where /etc/release-agent names the git remote; elsewhere "git ls-remote" tells the revision`,
    EXIT.usage,
  );
};
