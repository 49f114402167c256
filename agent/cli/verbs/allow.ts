import type {Command} from 'commander';
import {type FleetOptions, fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl allow`: a denied release may be tried again. */
export const allowVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('allow', 'let a denied release be tried again')
    .argument('<release>', 'its id, or the beginning of one that the fleet knows')
    .action(async (release: string, options: FleetOptions) => {
      const [{withFleet}, {allow}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/edit.ts'),
      ]);
      done(await withFleet(options, terminal, reach => allow(reach, release, options, terminal)));
    });
