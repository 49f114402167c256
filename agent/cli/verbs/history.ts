import {type Command, InvalidArgumentError} from 'commander';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, type CommonOptions, verb} from '../verb.ts';

interface Options extends CommonOptions {
  readonly limit: number;
}

/** `agentctl history`: what happened on this host, newest first. */
export const historyVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('history', 'what happened on this host, newest first, in UTC')
    .option('-n, --limit <count>', 'how many entries', wholeNumber, 20)
    .action(async (options: Options) => done(await history(options, terminal)));

const history = async (options: Options, terminal: Terminal): Promise<number> => {
  const asked = await askAgent({verb: 'history', limit: options.limit}, options, terminal);
  if (!asked.ok) return asked.exit;
  const {historyText} = await import('../history-text.ts');
  terminal.say(options.json ? JSON.stringify(asked.value) : historyText(asked.value));
  return EXIT.ok;
};

const wholeNumber = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 9999.');
  return Number(text);
};
