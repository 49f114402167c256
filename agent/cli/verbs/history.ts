import {type Command, InvalidArgumentError} from 'commander';
import type {RolloutsOptions} from '../fleet/look/rollouts.ts';
import {withPlace} from '../fleet/reach/options.ts';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, type CommonOptions, verb} from '../verb.ts';

interface Options extends CommonOptions, RolloutsOptions {
  readonly fleet?: true;
}

/** `agentctl history`: what happened on this host, or what became of the fleet's rollouts, newest first. */
export const historyVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  withPlace(
    verb('history', 'what happened on this host, newest first, in UTC')
      .option('-n, --limit <count>', 'how many entries', wholeNumber, 20)
      .option('--fleet', 'the rollouts of the whole fleet instead, from any machine')
      .option('--rollout <number>', 'all that is known of one of them', wholeNumber),
  ).action(async (options: Options) => {
    const isFleet = options.fleet || options.rollout !== undefined;
    done(await (isFleet ? rollouts(options, terminal) : history(options, terminal)));
  });

const history = async (options: Options, terminal: Terminal): Promise<number> => {
  const asked = await askAgent({verb: 'history', limit: options.limit}, options, terminal);
  if (!asked.ok) return asked.exit;
  const {historyText} = await import('../history-text.ts');
  terminal.say(options.json ? JSON.stringify(asked.value) : historyText(asked.value));
  return EXIT.ok;
};

const rollouts = async (options: Options, terminal: Terminal): Promise<number> => {
  const [{withFleet}, {showRollouts}] = await Promise.all([
    import('../fleet/reach/reach.ts'),
    import('../fleet/look/rollouts.ts'),
  ]);
  return withFleet(options, terminal, reach => showRollouts(reach, options, terminal));
};

const wholeNumber = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 9999.');
  return Number(text);
};
