import {writeFileSync} from 'node:fs';

/**
 * Names this process for `ps`, `pgrep` and the system's journal, where Node would be "node-MainThread"; at most 15 characters are kept
 * (proc_pid_comm(5)). The command line stays what it was, unlike with `process.title`. Where it cannot be written nothing is changed.
 */
export const nameProcess = (name: string): void => {
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // no reason not to run
  }
};
