/** Where a deploy goes through: the agent of this host, which looks at the release first, or straight into the store. */
import {access} from 'node:fs/promises';
import {endedBy} from '../../../core/fleet/operate/bump.ts';
import {consent} from '../../consent.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import {readToken} from '../../token.ts';
import {askAgent, asker, type CommonOptions, DEFAULT_SOCKET, failWith, tellAgent} from '../../verb.ts';
import {findPlace, namesPlace} from '../reach/place.ts';
import {withFleet} from '../reach/reach.ts';
import {bumpText, insteadOf} from './bump.ts';
import {type DeployOptions, deploy} from './deploy.ts';

export type DeployVerbOptions = DeployOptions & CommonOptions;

/** Deploys as this machine can. Gives the exit code. */
export const deployFromHere = async (
  name: string,
  options: DeployVerbOptions,
  terminal: Terminal,
): Promise<number> => {
  if (options.socket !== undefined && namesPlace(options, {})) {
    const text = '--socket asks the agent of this host, whose fleet is known: give either it or the store';
    return failWith(EXIT.usage, {kind: 'operator.place', text}, options, terminal);
  }
  return (await goesThroughAgent(options, terminal.env))
    ? throughAgent(name, options, terminal)
    : withFleet(options, terminal, reach => deploy(reach, name, options, terminal));
};

/** A fleet that is named need not be that of this host. Where none is, and no agent is here, its configuration may still tell. */
const goesThroughAgent = async (options: DeployVerbOptions, env: Terminal['env']): Promise<boolean> => {
  if (options.socket !== undefined) return true;
  if (namesPlace(options, env)) return false;
  if (env.RELEASE_AGENT_SOCKET) return true;
  const hasAgent = await access(DEFAULT_SOCKET).then(
    () => true,
    () => false,
  );
  return hasAgent || !(await findPlace(options, env)).ok;
};

const throughAgent = async (
  name: string,
  options: DeployVerbOptions,
  terminal: Terminal,
): Promise<number> => {
  const shown = await readToken(options.tokenFile ?? terminal.env.CONSUL_HTTP_TOKEN_FILE);
  if (!shown.ok) return failWith(EXIT.refused, {kind: 'operator.token', text: shown.text}, options, terminal);
  const resolved = await askAgent({verb: 'resolve', name}, options, terminal);
  if (!resolved.ok) return resolved.exit;
  const asked = await askAgent({verb: 'status'}, options, terminal);
  if (!asked.ok) return asked.exit;
  const seen = await askAgent({verb: 'desired'}, options, terminal);
  if (!seen.ok) return seen.exit;
  const {message, share, force} = options;
  const bump = {
    release: resolved.value,
    by: asker(terminal),
    ...(message !== undefined && {message}),
    ...(share !== undefined && {share}),
    ...(force !== undefined && {force}),
  };
  const {app, channel, fleet} = asked.value;
  const {version, release} = seen.value;
  const plan = [
    bumpText(`${app}/${channel}`, bump, {instead: insteadOf(version !== null, release), typed: name}),
    endedBy(bump, seen.value, fleet?.proven ?? null),
  ];
  if (!(await consent(plan.filter(part => part !== null).join(' '), options, terminal))) return EXIT.refused;
  const token = shown.token === undefined ? {} : {token: shown.token};
  return tellAgent({verb: 'deploy', ...bump, seen: version, ...token}, options, terminal);
};
