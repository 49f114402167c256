/** The durations and bounds this host's configuration sets for its phases, in milliseconds. */
export interface Rules {
  readonly stageTimeoutMs: number;
  readonly drainTimeoutMs: number;
  readonly activateTimeoutMs: number;
  readonly gateTimeoutMs: number;
  readonly bakeMs: number;
}

/** How often the host may go down, or have no room, with a release of one desired version before that is rejected: the loop breaker. */
export const MAX_BEGUN = 3;
/** How often the agent alone may end in attempts at one desired version: that is its own fault as a rule, but must not go on for ever. */
export const MAX_RESTARTS = 10;
/** Tries of one staging before the host pauses and starts over. */
export const MAX_STAGE_TRIES = 8;
/** Tries to leave traffic before the attempt is given up with nothing changed. */
export const MAX_LEAVE_TRIES = 3;
/** How long a host that serves nothing tries to leave traffic: whom it asks may not be there yet, and nothing waits longer for that. */
export const HIDE_MS = 5_000;
/** Tries of one rollback before the host is held out of traffic. */
export const MAX_ROLLBACK_TRIES = 3;
/** How long a release that failed for a cause outside of it is left alone. */
export const PAUSE_MS = 120_000;
/** What a phase's own deadline adds to the deadline its effect was given: the effect should end first. */
export const SLACK_MS = 10_000;
