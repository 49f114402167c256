import {reasonText} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import type {Log} from '../ports.ts';

export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs tasks side by side until the signal is aborted. One that fails ends them all and its error is thrown, so that
 * the service manager starts the agent anew; what it had begun is in the journal.
 */
export const runTasks = async (
  tasks: Readonly<Record<string, Task>>,
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  const failure = new AbortController();
  const until = AbortSignal.any([signal, failure.signal]);
  const guarded = Object.entries(tasks).map(async ([name, task]) => {
    try {
      await task(until);
    } catch (error) {
      if (until.aborted) return;
      log.error(`the agent cannot go on: ${name}: ${reasonText(reasonOf(error))}`);
      failure.abort(error);
    }
  });
  await Promise.all(guarded);
  if (failure.signal.aborted) throw failure.signal.reason;
};
