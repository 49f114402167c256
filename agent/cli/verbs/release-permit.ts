import type {Command} from 'commander';
import {type ChangeOptions, fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl release-permit`: takes the permit of a host that will never give it back. */
export const releasePermitVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('release-permit', 'take the permit of a host that is gone for good')
    .argument('<host>', 'its instance id')
    .option('--yes', 'do not ask')
    .action(async (host: string, options: ChangeOptions) => {
      const [{withFleet}, {releasePermit}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/edit.ts'),
      ]);
      done(await withFleet(options, terminal, reach => releasePermit(reach, host, options, terminal)));
    });
