import type {Command} from 'commander';
import {type ChangeOptions, fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

interface Options extends ChangeOptions {
  readonly message: string;
  readonly break?: true;
}

/** `agentctl lock`: nobody else begins a rollout. */
export const lockVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('lock', 'let nobody else begin a rollout')
    .requiredOption('-m, --message <text>', 'why, for the next who looks')
    .option('--break', "take somebody else's lock away; the new one says so")
    .option('--yes', 'do not ask')
    .action(async (options: Options) => {
      const [{withFleet}, {lock}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/stop.ts'),
      ]);
      done(await withFleet(options, terminal, reach => lock(reach, options, terminal)));
    });
