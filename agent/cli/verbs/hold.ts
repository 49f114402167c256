import type {Command} from 'commander';
import type {Terminal} from '../terminal.ts';
import {asker, type CommonOptions, tellAgent, verb} from '../verb.ts';

interface Options extends CommonOptions {
  readonly note: string;
}

/** `agentctl hold`: this host stops on purpose, with a note, and goes on serving. */
export const holdVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('hold', 'stop following the desired release; what runs goes on running')
    .requiredOption('--note <text>', 'why, for the next who looks')
    .action(async (options: Options) =>
      done(await tellAgent({verb: 'hold', by: asker(terminal), note: options.note}, options, terminal)),
    );
