import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import type {Activator} from '../ports.ts';
import {linkHere, readCurrent} from './current.ts';
import {activationEnvironment} from './environment.ts';
import {endGroup} from './group.ts';
import {launchChild} from './launch.ts';
import {removeRecord} from './process/record.ts';
import {applicationGroups, isRunning} from './process/running.ts';
import {startProcess} from './process/start.ts';
import {type ActivatorOptions, countdown, switchRelease} from './switch.ts';

/** How long the application may take to end after SIGTERM; less when `activate.timeout` is shorter. */
const GRACE_MS = 30_000;

/**
 * Activates a plain process, where there is no systemd: swaps `current`, runs the release's script, ends the process that
 * runs (SIGTERM to its group, then SIGKILL) and starts `activate.command`. A restarted agent finds the process again; it is
 * not restarted when it crashes. Throws `activate.failed`, `script.*`, `child.*`.
 */
export const processActivator = (options: ActivatorOptions): Activator => {
  const {settings} = options;
  const {stateDir, activate} = settings;
  return {
    activate: async (request, signal) => {
      const left = countdown(activate.timeoutMs);
      await switchRelease({...options, makeLink: linkHere, launch: launchChild}, request, signal);
      await stopProcess({stateDir, graceMs: Math.min(GRACE_MS, left())});
      await startProcess(
        {
          stateDir,
          slot: request.slot,
          directory: request.directory,
          command: activate.command,
          environment: activationEnvironment(settings, request),
        },
        signal,
      );
    },
    end: () => stopProcess({stateDir, graceMs: GRACE_MS}),
    observe: async () => ({current: await readCurrent(stateDir), running: await isRunning(stateDir)}),
  };
};

/**
 * Ends the application's process group and what it left behind, whichever agent started it. Throws `activate.failed` when a
 * process does not even end by SIGKILL.
 */
export const stopProcess = async ({
  stateDir,
  graceMs,
}: {
  readonly stateDir: string;
  readonly graceMs: number;
}): Promise<void> => {
  const groups = await applicationGroups(stateDir);
  const ended = await Promise.all(groups.map(group => endGroup(group, {graceMs})));
  if (ended.includes(false)) {
    const cause = `the process group ${groups[ended.indexOf(false)]} does not end, even by SIGKILL`;
    throw new ReasonError(reason('activate.failed', {cause}));
  }
  await removeRecord(stateDir);
};
