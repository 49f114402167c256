import {type Command, InvalidArgumentError} from 'commander';
import type {DeployVerbOptions} from '../fleet/bump/deploy-from.ts';
import {withPlace} from '../fleet/reach/options.ts';
import type {Terminal} from '../terminal.ts';
import {verb} from '../verb.ts';

/** `agentctl deploy`: writes the desired release, through the agent of this host or straight into the store. */
export const deployVerb = (terminal: Terminal, done: (exit: number) => void): Command =>
  withPlace(verb('deploy', 'ask every host of an app and channel for a release'))
    .argument('<release>', 'snapshot id, full revision, or a branch or tag of the configured git remote')
    .option('-m, --message <text>', 'what changes, for everybody who looks')
    .option('--share <amount>', 'only for so much of the fleet: 10%, or a number of hosts', share)
    .option('--force <hosts>', 'do not wait for these hosts (a,b), whatever is wrong with them', names)
    .option('--yes', 'do not ask')
    .action(async (name: string, options: DeployVerbOptions) => {
      const {deployFromHere} = await import('../fleet/bump/deploy-from.ts');
      done(await deployFromHere(name, options, terminal));
    });

/** A part of a fleet as it is typed. */
export const share = (text: string): number | string => {
  if (/^(?:100|[1-9]\d?)%$/.test(text)) return text;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a percentage from 1% to 100%, or a number of hosts from 1.');
};

const names = (text: string): readonly string[] => {
  const all = text.split(',').map(name => name.trim());
  if (all.every(name => /^[A-Za-z0-9._-]{1,100}$/.test(name))) return all;
  throw new InvalidArgumentError('Expected instance ids with commas between them.');
};
