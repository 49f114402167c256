import type {Command} from 'commander';
import type {LeadOptions} from '../fleet/bump/lead.ts';
import {fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl revert`: the fleet goes back to what was proven before. */
export const revertVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('revert', 'take the fleet back to the release that was proven before')
    .option('-m, --message <text>', 'why, for everybody who looks')
    .option('--yes', 'do not ask')
    .action(async (options: LeadOptions) => {
      const [{withFleet}, {revert}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/bump/lead.ts'),
      ]);
      done(await withFleet(options, terminal, reach => revert(reach, options, terminal)));
    });
