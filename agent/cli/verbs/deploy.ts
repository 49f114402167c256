import type {Command} from 'commander';
import type {StatusReport} from '../../control/protocol.ts';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, asker, type CommonOptions, tellAgent, verb} from '../verb.ts';

interface Options extends CommonOptions {
  readonly message?: string;
  readonly yes?: true;
}

/** `agentctl deploy`: writes the desired release of this host's app and channel. */
export const deployVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('deploy', "ask every host of this host's app and channel for a release")
    .argument('<release>', 'snapshot id, full revision, or a branch or tag of the configured git remote')
    .option('-m, --message <text>', 'what changes, for everybody who looks')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: Options) => done(await deploy(name, options, terminal)));

const deploy = async (name: string, options: Options, terminal: Terminal): Promise<number> => {
  const resolved = await askAgent({verb: 'resolve', name}, options, terminal);
  if (!resolved.ok) return resolved.exit;
  const asked = await askAgent({verb: 'status'}, options, terminal);
  if (!asked.ok) return asked.exit;
  const [{consent}, {shortId}] = await Promise.all([
    import('../consent.ts'),
    import('../../core/release.ts'),
  ]);
  const release = resolved.value;
  const called = release === name ? '' : ` (${name} now)`;
  if (!(await consent(planOf(asked.value, `${shortId(release)}${called}`, shortId), options, terminal)))
    return EXIT.refused;
  const {message} = options;
  const by = asker(terminal);
  return tellAgent({verb: 'deploy', by, release, ...(message !== undefined && {message})}, options, terminal);
};

const planOf = (
  {app, channel, desired}: StatusReport,
  release: string,
  short: (id: string) => string,
): string =>
  `Every host of ${app}/${channel} is asked to run ${release} instead of ${desired ? short(desired.release) : 'nothing'}, in turns, as its policy allows.`;
