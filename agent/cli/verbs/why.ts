import type {Command} from 'commander';
import {EXIT, type Terminal} from '../terminal.ts';
import {askAgent, type CommonOptions, verb} from '../verb.ts';

/** `agentctl why`: the same in a few sentences, with what happens next and what can be done. */
export const whyVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('why', 'the same in a few sentences, and what to do about it').action(async (options: CommonOptions) =>
    done(await why(options, terminal)),
  );

const why = async (options: CommonOptions, terminal: Terminal): Promise<number> => {
  const asked = await askAgent({verb: 'status'}, options, terminal);
  if (!asked.ok) return asked.exit;
  const {whyText} = await import('../why-text.ts');
  const text = whyText(asked.value);
  terminal.say(options.json ? JSON.stringify({text, report: asked.value}) : text);
  return EXIT.ok;
};
