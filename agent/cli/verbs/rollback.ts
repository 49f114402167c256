import type {Command} from 'commander';
import type {StatusReport} from '../../control/protocol.ts';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, asker, type CommonOptions, tellAgent, verb} from '../verb.ts';

interface Options extends CommonOptions {
  readonly yes?: true;
}

/** `agentctl rollback`: this host alone goes back to its previous release. */
export const rollbackVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('rollback', 'take this host alone back to its previous release')
    .option('--yes', 'do not ask')
    .action(async (options: Options) => done(await rollback(options, terminal)));

const rollback = async (options: Options, terminal: Terminal): Promise<number> => {
  const asked = await askAgent({verb: 'status'}, options, terminal);
  if (!asked.ok) return asked.exit;
  const [{consent}, {shortId}] = await Promise.all([
    import('../consent.ts'),
    import('../../core/release.ts'),
  ]);
  if (!(await consent(planOf(asked.value, shortId), options, terminal))) return EXIT.refused;
  return tellAgent({verb: 'rollback', by: asker(terminal)}, options, terminal);
};

// The agent decides; this only says what it is going to be asked.
const planOf = (
  {instance, active, previous, target}: StatusReport,
  short: (id: string) => string,
): string => {
  const bad = target ?? active;
  const good = target && target.release !== active?.release ? active : previous;
  const from = bad ? short(bad.release) : 'what it has';
  const to = good ? short(good.release) : 'its previous release';
  return `${instance} goes from ${from} back to ${to}, and leaves ${from} alone until another release is asked for or somebody says "agentctl retry". Other hosts do not change.`;
};
