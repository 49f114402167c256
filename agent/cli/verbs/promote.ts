import {type Command, Option} from 'commander';
import type {PromoteOptions} from '../fleet/bump/lead.ts';
import {fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

interface Options extends PromoteOptions {
  readonly to?: string;
}

/** `agentctl promote`: a partial rollout goes on to everybody, or one channel's proven release to another channel. */
export const promoteVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('promote', 'let the release of a share go on to every host')
    .option('--from <channel>', 'carry what is proven in this channel')
    .addOption(new Option('--to <channel>', 'to this one (the same as --channel)').conflicts('channel'))
    .option('-m, --message <text>', 'what changes, for everybody who looks')
    .option('--yes', 'do not ask')
    .action(async ({to, ...options}: Options) => {
      const [{withFleet}, {promote}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/bump/lead.ts'),
      ]);
      const place = {...options, ...(to !== undefined && {channel: to})};
      done(await withFleet(place, terminal, reach => promote(reach, options, terminal)));
    });
