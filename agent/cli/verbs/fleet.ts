import type {Command} from 'commander';
import type {LookOptions} from '../fleet/look/fleet.ts';
import {fleetVerb} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl fleet`: where the whole fleet stands. Exit code 4 when that is not where it should. */
export const fleetLookVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('fleet', 'what the whole fleet runs, what it should, and what is in the way')
    .option('--hosts', 'a row for each host instead')
    .option('--zone <name>', 'only hosts of this zone')
    .option('--phase <name>', 'only hosts in this phase')
    .option('--release <id>', 'only hosts that run this release (the beginning of its id is enough)')
    .option('--role <name>', 'only hosts of this role')
    .option('--canary', 'only canaries')
    .action(async (options: LookOptions) => {
      const [{withFleet}, {look}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/look/fleet.ts'),
      ]);
      done(await withFleet(options, terminal, reach => look(reach, options, terminal)));
    });
