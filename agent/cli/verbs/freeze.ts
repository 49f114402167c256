import type {Command} from 'commander';
import {type FleetOptions, fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl freeze`: the fleet stops on purpose, with a note. */
export const freezeVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('freeze', 'stop the fleet on purpose: no host leaves traffic until it is thawed')
    .requiredOption('-m, --message <text>', 'why, for the next who looks')
    .action(async (options: FleetOptions & {readonly message: string}) => {
      const [{withFleet}, {freeze}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/stop.ts'),
      ]);
      done(await withFleet(options, terminal, reach => freeze(reach, options, terminal)));
    });
