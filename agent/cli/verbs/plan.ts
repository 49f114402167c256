import type {Command} from 'commander';
import type {PlanOptions} from '../fleet/look/plan.ts';
import {fleetVerb} from '../fleet/reach/options.ts';
import {durationUpTo, hostNames, shareOfFleet} from '../fleet/reach/typed.ts';
import type {Terminal} from '../terminal.ts';

const PER_HOST_MS = 60_000;

/** `agentctl plan`: what a bump would do, without doing it. */
export const planVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  fleetVerb('plan', 'what a deploy would do, without doing it')
    .argument('[release]', 'snapshot id or full revision; else what is left of the rollout that is under way')
    .option('-m, --message <text>', 'the message that it would have')
    .option('--share <amount>', 'only for so much of the fleet: 10%, or a number of hosts', shareOfFleet)
    .option('--force <hosts>', 'without waiting for these hosts (a,b)', hostNames)
    .option('--per-host <duration>', 'how long a host is out (60s)', durationUpTo('24h'), PER_HOST_MS)
    .action(async (release: string | undefined, options: PlanOptions) => {
      const [{withFleet}, {showPlan}] = await Promise.all([
        import('../fleet/reach/reach.ts'),
        import('../fleet/look/plan.ts'),
      ]);
      done(await withFleet(options, terminal, reach => showPlan(reach, release, options, terminal)));
    });
