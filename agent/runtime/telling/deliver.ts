import {backoffMs} from '../../core/backoff.ts';
import type {FleetEvent} from '../../core/fleet/telling/event.ts';
import type {Clock} from '../../host/clock.ts';
import type {Webhook} from '../../notify/webhook.ts';

interface Parts {
  readonly webhook: Webhook;
  /** false when another coordinator tells the event now, or nobody has to any more */
  readonly isMine: () => Promise<boolean>;
  readonly clock: Clock;
  /** ends what is under way */
  readonly signal: AbortSignal;
  /** nothing more begins */
  readonly leaving: AbortSignal;
}

export type Delivery =
  | {readonly result: 'sent'}
  /** it is given up */
  | {readonly result: 'failed'; readonly cause: string}
  /** somebody else tells it */
  | {readonly result: 'left'};

/** An event is tried so often at one webhook, over about five minutes. */
export const TRIES = 8;
const FIRST_PAUSE_MS = 2_000;
const LAST_PAUSE_MS = 60_000;
/** A webhook that wants to be left alone for longer is given up. */
export const LONGEST_MS = 300_000;

const LEFT = {result: 'left'} as const;

/** Sends one event to one webhook: again with ever longer pauses, or when the webhook wants it. */
export const deliver = async (event: FleetEvent, parts: Parts): Promise<Delivery> => {
  const {webhook, isMine, clock, signal, leaving} = parts;
  for (let tries = 1; ; tries += 1) {
    if (leaving.aborted || !(await isMine()) || leaving.aborted) return LEFT;
    const posted = await webhook.post(event, signal);
    if (posted.sent) return {result: 'sent'};
    const {cause, again, afterMs} = posted;
    if (!again) return {result: 'failed', cause};
    if (tries >= TRIES) return {result: 'failed', cause: `${cause}, after ${TRIES} tries`};
    if (afterMs !== null && afterMs > LONGEST_MS)
      return {result: 'failed', cause: `${cause}, and it wants nothing for ${Math.ceil(afterMs / 1_000)} s`};
    const ownMs = backoffMs({
      ...{tries: tries - 1, baseMs: FIRST_PAUSE_MS, capMs: LAST_PAUSE_MS, random: clock.random()},
    });
    await clock.sleep(Math.max(afterMs ?? 0, ownMs), leaving);
  }
};
