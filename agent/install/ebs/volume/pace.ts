/** How long things may take and how often they are looked at. All in milliseconds. */
export interface Pace {
  /** between two DescribeVolumes: the first pause, doubled each time up to the limit */
  readonly pollMs: number;
  readonly pollLimitMs: number;
  /** between two looks at /sys, which cost no API call */
  readonly localMs: number;
  /** a volume may be `creating` this long before another one is made */
  readonly creatingMs: number;
  /** EC2 may say "no such volume" this long about one it has just made: it is eventually consistent */
  readonly goneMs: number;
  /** an attachment that is not there by then is taken back, and another device name tried */
  readonly stuckMs: number;
  readonly detachMs: number;
  readonly mountMs: number;
  readonly unmountMs: number;
  /** bounds one whole prune; the next one goes on */
  readonly pruneMs: number;
}

export const PACE: Pace = {
  pollMs: 500,
  pollLimitMs: 5_000,
  localMs: 100,
  creatingMs: 180_000,
  goneMs: 15_000,
  stuckMs: 90_000,
  detachMs: 60_000,
  mountMs: 120_000,
  unmountMs: 30_000,
  pruneMs: 180_000,
};
