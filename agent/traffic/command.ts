import type {CommandSettings} from '../config/settings.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {type Execute, executeAsChild} from '../host/systemd/service-run.ts';
import type {Traffic} from '../ports.ts';

/**
 * Leaves and rejoins traffic by two programs of the operator's, each run with its arguments and a minimal environment. They
 * must bear being run twice. Throws `traffic.failed` with the exit status and the last line of the error output.
 */
export const commandTraffic = (
  {leave, rejoin, timeoutMs}: CommandSettings,
  execute: Execute = executeAsChild,
): Traffic => {
  const call = async (action: 'leave' | 'rejoin', command: readonly string[], signal: AbortSignal) => {
    const [program, ...args] = command;
    if (program === undefined) return;
    try {
      await execute(program, args, {timeoutMs}, signal);
    } catch (error) {
      signal.throwIfAborted();
      const cause = (error as Error).message;
      throw new ReasonError(reason('traffic.failed', {adapter: 'commands', action, cause}), {cause: error});
    }
  };
  return {
    leave: signal => call('leave', leave, signal),
    rejoin: signal => call('rejoin', rejoin, signal),
  };
};
