import type {State} from '../../core/host/state.ts';
import {type Reason, reasonText} from '../../core/reason.ts';
import type {Log, ReportBlocker} from '../../ports.ts';

export interface Blockers {
  /** Given to the adapters. Logged when it is of another kind than before. */
  readonly reportBlocker: ReportBlocker;
  /** What is in the way of what the host does in this state, as it was told last; null when nothing is. */
  current(state: State): Reason | null;
  /** The listener is called whenever something else is told. */
  onChange(listener: () => void): void;
}

/** The phases whose work is the adapters': elsewhere a blocker (to a clean-up, to the coordinator) keeps nobody waiting. */
const PHASES: ReadonlySet<State['phase']> = new Set(['staging', 'rolling-back', 'draining', 'rejoining']);

/** What adapters that keep trying wait for, for `agentctl status`, `STATUS=` and the log, long before they give up. */
export const createBlockers = (log: Log): Blockers => {
  const causes = new Map<string, Reason>();
  const listeners: (() => void)[] = [];
  return {
    reportBlocker: (user, cause) => {
      const before = causes.get(user);
      if (!before && !cause) return;
      causes.delete(user); // the latest stands last
      if (cause) causes.set(user, cause);
      if (cause && cause.kind !== before?.kind) log.warning(`${reasonText(cause)}; it is tried further`);
      for (const listener of listeners) listener();
    },
    current: ({phase}) => (PHASES.has(phase) ? ([...causes.values()].at(-1) ?? null) : null),
    onChange: listener => {
      listeners.push(listener);
    },
  };
};
