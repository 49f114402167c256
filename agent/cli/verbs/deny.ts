import type {Command} from 'commander';
import {type ChangeOptions, fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl deny`: a release never boots or rolls again until it is allowed. */
export const denyVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('deny', 'keep every host from a release until it is allowed again')
    .argument('<release>', 'its id, or the beginning of one that the fleet knows')
    .option('--yes', 'do not ask')
    .action(async (release: string, options: ChangeOptions) => {
      const [{withFleet}, {deny}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/edit.ts'),
      ]);
      done(await withFleet(options, terminal, reach => deny(reach, release, options, terminal)));
    });
