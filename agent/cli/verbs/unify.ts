import type {Command} from 'commander';
import type {LeadOptions} from '../fleet/bump/lead.ts';
import {fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl unify`: every host to one release, whatever share there was. */
export const unifyVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('unify', 'bring every host to one release')
    .argument('[release]', 'its id, or the beginning of one that the fleet knows; else the proven one')
    .option('-m, --message <text>', 'why, for everybody who looks')
    .option('--yes', 'do not ask')
    .action(async (release: string | undefined, options: LeadOptions) => {
      const [{withFleet}, {unify}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/bump/lead.ts'),
      ]);
      done(await withFleet(options, terminal, reach => unify(reach, release, options, terminal)));
    });
