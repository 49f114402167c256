import type {Command} from 'commander';
import type {DeployVerbOptions} from '../fleet/bump/deploy-from.ts';
import {withPlace} from '../fleet/reach/options.ts';
import {hostNames, shareOfFleet} from '../fleet/reach/typed.ts';
import type {Terminal} from '../terminal.ts';
import {verb} from '../verb.ts';

/** `agentctl deploy`: writes the desired release, through the agent of this host or straight into the store. */
export const deployVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  withPlace(verb('deploy', 'ask every host of an app and channel for a release'))
    .argument('<release>', 'snapshot id, full revision, or a branch or tag of the configured git remote')
    .option('-m, --message <text>', 'what changes, for everybody who looks')
    .option('--share <amount>', 'only for so much of the fleet: 10%, or a number of hosts', shareOfFleet)
    .option('--force <hosts>', 'do not wait for these hosts (a,b), whatever is wrong with them', hostNames)
    .option('--yes', 'do not ask')
    .action(async (name: string, options: DeployVerbOptions) => {
      const {deployFromHere} = await import('../fleet/bump/deploy-from.ts');
      done(await deployFromHere(name, options, terminal));
    });
