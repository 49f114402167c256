import {type ChildProcess, spawn} from 'node:child_process';
import {endGroup} from './group.ts';

/** The process whose output is the script's, and whose end is the script's end. */
export interface Launched {
  readonly child: ChildProcess;
  /** Ends the script and all that it started. */
  end(graceMs: number): Promise<void>;
  /** Makes of the child's exit status (or the name of the signal that killed it) the script's own. */
  status(exit: number | string): Promise<number | string>;
}

/** Starts a program with its arguments and this whole environment. Throws `activate.failed`, `child.*`. */
export type Launch = (
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  limits: {readonly timeoutMs: number},
  signal: AbortSignal,
) => Promise<Launched>;

/** As a child of the agent, in a process group of its own: for machines without systemd. */
export const launchChild: Launch = async ([program = '', ...args], environment) => {
  const child = spawn(program, args, {
    detached: true,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return {
    child,
    end: async graceMs => void (await endGroup(child.pid ?? 0, {graceMs})),
    status: async exit => exit,
  };
};
