import type {Command} from 'commander';
import {type ChangeOptions, fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

interface Options extends ChangeOptions {
  readonly break?: true;
}

/** `agentctl unlock`: takes a lock away. */
export const unlockVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('unlock', 'take your lock away')
    .option('--break', "take somebody else's lock away")
    .option('--yes', 'do not ask')
    .action(async (options: Options) => {
      const [{withFleet}, {unlock}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/stop.ts'),
      ]);
      done(await withFleet(options, terminal, reach => unlock(reach, options, terminal)));
    });
