import type {Command} from 'commander';
import {type ChangeOptions, fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl thaw`: ends a freeze. */
export const thawVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('thaw', 'end a freeze: the fleet goes on where it stood')
    .option('--yes', 'do not ask, also where somebody else froze it')
    .action(async (options: ChangeOptions) => {
      const [{withFleet}, {thaw}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/stop.ts'),
      ]);
      done(await withFleet(options, terminal, reach => thaw(reach, options, terminal)));
    });
