import {type Command, Option} from 'commander';
import {fleetVerb} from '../fleet/reach/options.ts';
import {durationUpTo} from '../fleet/reach/typed.ts';
import type {WatchOptions} from '../fleet/watch/watch.ts';
import type {Terminal} from '../terminal.ts';

/** `agentctl watch`: the rollout as it goes on. With `--until steady` the exit code is its outcome. */
export const watchVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('watch', 'the rollout as it goes on: in place on a terminal, a line per change in a pipe')
    .addOption(
      new Option('--until <state>', 'end when the rollout has: the exit code is its outcome').choices([
        'steady',
      ]),
    )
    .option('--timeout <duration>', 'end after so long (with --until: 1h)', durationUpTo('168h'))
    .action(async (options: WatchOptions) => {
      const [{withFleet}, {watch}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/watch/watch.ts'),
      ]);
      done(await withFleet(options, terminal, reach => watch(reach, options, terminal)));
    });
