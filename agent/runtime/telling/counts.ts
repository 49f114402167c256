/** What became of events at a webhook since the agent started. */
export interface WebhookCounts {
  sent: number;
  /** given up */
  failed: number;
  /** not tried: too many waited */
  dropped: number;
}

/** Counts for each of these webhooks, which outlive a coordinator's hat. */
export const createCounts = (names: readonly string[]): ReadonlyMap<string, WebhookCounts> =>
  new Map(names.map(name => [name, {sent: 0, failed: 0, dropped: 0}]));
