import type {Command} from 'commander';
import type {Terminal} from '../terminal.ts';
import {asker, type CommonOptions, tellAgent, verb} from '../verb.ts';

/** `agentctl resume`: ends a hold. */
export const resumeVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('resume', 'end a hold: follow the desired release again').action(async (options: CommonOptions) =>
    done(await tellAgent({verb: 'resume', by: asker(terminal)}, options, terminal)),
  );
