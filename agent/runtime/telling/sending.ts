import {disclaim, forgetDone, isClaimed, type Listeners, settle} from '../../core/fleet/telling/claim.ts';
import type {FleetEvent} from '../../core/fleet/telling/event.ts';
import {eventText} from '../../core/fleet/telling/text.ts';
import type {Pending} from '../../core/fleet/telling/told.ts';
import type {Clock} from '../../host/clock.ts';
import {withTimeLimit} from '../../host/time-limit.ts';
import type {Webhook} from '../../notify/webhook.ts';
import type {Log} from '../../ports.ts';
import type {WebhookCounts} from './counts.ts';
import {deliver} from './deliver.ts';
import type {Memory} from './memory.ts';

interface Parts {
  readonly memory: Memory;
  readonly instance: string;
  readonly webhooks: readonly Webhook[];
  readonly listeners: Listeners;
  readonly counts: ReadonlyMap<string, WebhookCounts>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Sending {
  /** Sends what this instance claimed, beside whatever else goes on; what is under way already is not begun again. */
  begin(claimed: readonly Pending[]): void;
  /** Nobody will be told of these. */
  drop(events: readonly FleetEvent[]): void;
  /** Begins nothing more, waits a little for what is under way, and lets go of the rest. Never throws. */
  end(): Promise<void>;
}

/** So long the end waits for calls, and then for the store. */
const END_MS = 2_000;
const DISCLAIM_MS = 1_000;

/** Sends events to webhooks: to each in the order in which they happened, whatever becomes of the others. */
export const createSending = (parts: Parts): Sending => {
  const {memory, instance, webhooks, listeners, counts, clock, log} = parts;
  const leaving = new AbortController();
  const calls = new AbortController();
  const queues = new Map<string, Promise<void>>();
  /** by webhook and event: `over` when only the store does not know yet */
  const known = new Map<string, 'busy' | 'over'>();

  const giveUp = (event: FleetEvent, name: string, cause: string): void =>
    log.error(`the webhook ${name} was not told: ${eventText(event)}: ${cause}`, {event: event.id});

  const count = (name: string, result: keyof WebhookCounts): void => {
    const known = counts.get(name);
    if (known) known[result] += 1;
  };

  const isMine = async (event: FleetEvent): Promise<boolean> =>
    isClaimed(await memory.look(calls.signal), event.id, instance);

  const send = async (event: FleetEvent, webhook: Webhook, key: string): Promise<void> => {
    const {name} = webhook;
    const signals = {signal: calls.signal, leaving: leaving.signal};
    const delivery = await deliver(event, {webhook, isMine: () => isMine(event), clock, ...signals});
    if (delivery.result === 'left') return void known.delete(key);
    count(name, delivery.result);
    if (delivery.result === 'failed') giveUp(event, name, delivery.cause);
    known.set(key, 'over');
  };

  const confirm = async (event: FleetEvent, {name}: Webhook, key: string): Promise<void> => {
    if (known.get(key) !== 'over') return;
    await memory.change(told => forgetDone(settle(told, event, name), listeners), calls.signal);
    known.delete(key);
  };

  const attend = async (event: FleetEvent, webhook: Webhook, key: string): Promise<void> => {
    try {
      if (known.get(key) === 'busy') await send(event, webhook, key);
      await confirm(event, webhook, key);
    } catch {
      // The store is away, or this is the end: what was sent is only confirmed then, and the rest begun again at the next look.
      if (known.get(key) === 'busy') known.delete(key);
    }
  };

  return {
    begin: claimed => {
      for (const {event, done} of claimed)
        for (const webhook of webhooks) {
          const key = `${webhook.name} ${event.id}`;
          if (!webhook.kinds.has(event.kind) || done.includes(webhook.name) || known.get(key) === 'busy')
            continue;
          if (!known.has(key)) known.set(key, 'busy');
          const before = queues.get(webhook.name) ?? Promise.resolve();
          queues.set(
            webhook.name,
            before.then(() => attend(event, webhook, key)),
          );
        }
    },
    drop: events => {
      for (const event of events)
        for (const name of listeners(event.kind)) {
          count(name, 'dropped');
          giveUp(event, name, 'too many events wait');
        }
    },
    end: async () => {
      leaving.abort();
      const cancel = clock.after(END_MS, () => calls.abort());
      await Promise.all(queues.values());
      cancel();
      const limit = {timeoutMs: DISCLAIM_MS, clock};
      const letGo = (until: AbortSignal) => memory.change(told => disclaim(told, instance), until);
      await withTimeLimit(limit, letGo, new AbortController().signal).catch(() => undefined);
    },
  };
};
