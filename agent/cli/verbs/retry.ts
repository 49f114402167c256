import type {Command} from 'commander';
import type {Terminal} from '../terminal.ts';
import {asker, type CommonOptions, tellAgent, verb} from '../verb.ts';

/** `agentctl retry`: a release that failed here is tried again. */
export const retryVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('retry', 'try the desired release again, although it failed here').action(
    async (options: CommonOptions) =>
      done(await tellAgent({verb: 'retry', by: asker(terminal)}, options, terminal)),
  );
