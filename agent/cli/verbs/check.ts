import type {Command} from 'commander';
import type {CheckOptions} from '../check/check.ts';
import type {Terminal} from '../terminal.ts';
import {verb} from '../verb.ts';

/** `agentctl check`: says everything that is wrong with the configuration. Needs no agent. */
export const checkVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  verb('check', 'say everything that is wrong with the configuration; needs no agent', {socket: false})
    .option('--root <folder>', 'check the files of an image that is mounted there', '/')
    .option('--app <name>', 'as if the instance tag release-agent:app said so')
    .option('--channel <name>', 'as if the instance tag release-agent:channel said so')
    .option('--role <name>', 'as if the instance tag release-agent:role said so')
    .action(async (options: CheckOptions) => {
      const {check} = await import('../check/check.ts');
      done(await check(options, terminal));
    });
