interface Backoff {
  /** how often it was tried before: the wait doubles with each */
  readonly tries: number;
  /** at least 0, less than 1 */
  readonly random: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** the share of the wait that is random; 0.5 unless told, 1 where hundreds ask the same service */
  readonly jitter?: number;
}

const MAX_DOUBLINGS = 16;

/** How long to wait before trying again: ever longer, in part random, so that a fleet does not retry in step. */
export const backoffMs = ({tries, random, baseMs, capMs, jitter = 0.5}: Backoff): number =>
  Math.round(Math.min(capMs, baseMs * 2 ** Math.min(tries, MAX_DOUBLINGS)) * (1 - jitter + random * jitter));
