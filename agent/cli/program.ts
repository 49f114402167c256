import {Command, CommanderError} from 'commander';
import {VERSION} from '../version.ts';
import {EXIT, EXIT_TEXT, type Terminal} from './terminal.ts';
import {allowVerb} from './verbs/allow.ts';
import {checkVerb} from './verbs/check.ts';
import {denyVerb} from './verbs/deny.ts';
import {deployVerb} from './verbs/deploy.ts';
import {fleetLookVerb} from './verbs/fleet.ts';
import {freezeVerb} from './verbs/freeze.ts';
import {historyVerb} from './verbs/history.ts';
import {holdVerb} from './verbs/hold.ts';
import {leaveVerb} from './verbs/leave.ts';
import {lockVerb} from './verbs/lock.ts';
import {metricsVerb} from './verbs/metrics.ts';
import {planVerb} from './verbs/plan.ts';
import {promoteVerb} from './verbs/promote.ts';
import {releasePermitVerb} from './verbs/release-permit.ts';
import {resumeVerb} from './verbs/resume.ts';
import {retryVerb} from './verbs/retry.ts';
import {revertVerb} from './verbs/revert.ts';
import {rollbackVerb} from './verbs/rollback.ts';
import {statusVerb} from './verbs/status.ts';
import {thawVerb} from './verbs/thaw.ts';
import {unifyVerb} from './verbs/unify.ts';
import {unlockVerb} from './verbs/unlock.ts';
import {watchVerb} from './verbs/watch.ts';
import {whyVerb} from './verbs/why.ts';

type CreateVerb = (terminal: Terminal, done: (exit: number) => void) => Command;

/** In groups, as the help lists them. */
const VERBS: Readonly<Record<string, readonly CreateVerb[]>> = {
  'This host:': [
    statusVerb,
    whyVerb,
    historyVerb,
    metricsVerb,
    holdVerb,
    resumeVerb,
    rollbackVerb,
    retryVerb,
  ],
  'The fleet:': [
    fleetLookVerb,
    watchVerb,
    planVerb,
    deployVerb,
    promoteVerb,
    revertVerb,
    unifyVerb,
    freezeVerb,
    thawVerb,
    lockVerb,
    unlockVerb,
    denyVerb,
    allowVerb,
    releasePermitVerb,
  ],
  'Setting up:': [checkVerb, leaveVerb],
};

/** Runs one agentctl command line (without program names) and gives its exit code. */
export const runAgentctl = async (args: readonly string[], terminal: Terminal): Promise<number> => {
  let exit: number = EXIT.ok;
  const done = (code: number) => {
    exit = code;
  };
  const program = new Command('agentctl').description(
    'Asks the release agent of this host, and moves the fleet.',
  );
  program.version(VERSION).addHelpText('after', EXIT_TEXT);
  for (const [group, verbs] of Object.entries(VERBS))
    for (const create of verbs)
      program.addCommand(create(terminal, done).helpGroup(group).addHelpText('after', EXIT_TEXT));
  for (const command of [program, ...program.commands]) quiet(command, terminal);
  try {
    await program.parseAsync(args, {from: 'user'});
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    terminal.complain(`agentctl: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.refused;
  }
};

// Errors come back as values, and the text goes where the terminal sends it.
const quiet = (command: Command, {say, complain}: Terminal): void => {
  command
    .exitOverride()
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: text => say(text.trimEnd()),
      writeErr: text => complain(text.trimEnd()),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
    });
};
