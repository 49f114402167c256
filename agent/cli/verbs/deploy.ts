import type {Command} from 'commander';
import type {DesiredSeen, StatusReport} from '../../control/protocol.ts';
import {EXIT, type Terminal} from '../terminal.ts';
import {readToken} from '../token.ts';
import {askAgent, asker, type CommonOptions, failWith, tellAgent, verb} from '../verb.ts';

interface Options extends CommonOptions {
  readonly message?: string;
  readonly yes?: true;
  readonly tokenFile?: string;
}

/** `agentctl deploy`: writes the desired release of this host's app and channel. */
export const deployVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('deploy', "ask every host of this host's app and channel for a release")
    .argument('<release>', 'snapshot id, full revision, or a branch or tag of the configured git remote')
    .option('-m, --message <text>', 'what changes, for everybody who looks')
    .option('--yes', 'do not ask')
    .option(
      '--token-file <file>',
      "holds your own token for the store (CONSUL_HTTP_TOKEN_FILE, else the host's)",
    )
    .action(async (name: string, options: Options) => done(await deploy(name, options, terminal)));

const deploy = async (name: string, options: Options, terminal: Terminal): Promise<number> => {
  const shown = await readToken(options.tokenFile ?? terminal.env.CONSUL_HTTP_TOKEN_FILE);
  if (!shown.ok) return failWith(EXIT.refused, {kind: 'operator.token', text: shown.text}, options, terminal);
  const resolved = await askAgent({verb: 'resolve', name}, options, terminal);
  if (!resolved.ok) return resolved.exit;
  const asked = await askAgent({verb: 'status'}, options, terminal);
  if (!asked.ok) return asked.exit;
  const seen = await askAgent({verb: 'desired'}, options, terminal);
  if (!seen.ok) return seen.exit;
  const [{consent}, {shortId}] = await Promise.all([
    import('../consent.ts'),
    import('../../core/release.ts'),
  ]);
  const release = resolved.value;
  const called = release === name ? '' : ` (${name} now)`;
  const plan = planOf({...asked.value, seen: seen.value}, `${shortId(release)}${called}`, shortId);
  if (!(await consent(plan, options, terminal))) return EXIT.refused;
  const {message} = options;
  const by = asker(terminal);
  const request = {verb: 'deploy', by, release, seen: seen.value.version} as const;
  const more = {
    ...(message !== undefined && {message}),
    ...(shown.token !== undefined && {token: shown.token}),
  };
  return tellAgent({...request, ...more}, options, terminal);
};

const planOf = (
  {app, channel, seen}: Pick<StatusReport, 'app' | 'channel'> & {readonly seen: DesiredSeen},
  release: string,
  short: (id: string) => string,
): string =>
  `Every host of ${app}/${channel} is asked to run ${release} instead of ${insteadOf(seen, short)}, in turns, as its policy allows.`;

const insteadOf = ({version, release}: DesiredSeen, short: (id: string) => string): string =>
  release === null ? (version === null ? 'nothing' : 'what nobody can read') : short(release);
