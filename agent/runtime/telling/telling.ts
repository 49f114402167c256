/**
 * Tells people what happens to the fleet: whoever wears the coordinator's hat notes events in the store, claims them, and sends them beside
 * its own work. An event is told at least once, and in the ordinary case once: docs/decisions/0025-told-once.md.
 */
import type {FleetView} from '../../core/fleet/plan.ts';
import {claim, forgetDone, type Listeners} from '../../core/fleet/telling/claim.ts';
import type {FleetEvent} from '../../core/fleet/telling/event.ts';
import {noteTold} from '../../core/fleet/telling/note.ts';
import type {Told} from '../../core/fleet/telling/told.ts';
import type {Keys} from '../../core/keys.ts';
import type {Clock} from '../../host/clock.ts';
import type {Webhook} from '../../notify/webhook.ts';
import type {Log, Store} from '../../ports.ts';
import {createAside} from '../aside.ts';
import type {WebhookCounts} from './counts.ts';
import {createMemory} from './memory.ts';
import {createSending} from './sending.ts';

interface Parts {
  readonly store: Store;
  readonly keys: Keys;
  readonly instance: string;
  readonly webhooks: readonly Webhook[];
  readonly counts: ReadonlyMap<string, WebhookCounts>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Telling {
  /** Notes what is new and begins to send it. Never throws, and waits for no more than the store's own deadline. */
  note(view: FleetView, signal: AbortSignal): Promise<void>;
  /** Begins nothing more, waits a little for what is under way, and leaves the rest to the next coordinator. */
  end(): Promise<void>;
}

/** After so long an event of a coordinator that is not this one is told by this one: longer than a call takes. */
export const TAKE_OVER_MS = 15_000;

/** The telling of one coordinator, from when it puts the hat on until it loses it. */
export const createTelling = (parts: Parts): Telling => {
  const {instance, webhooks, clock, log} = parts;
  const memory = createMemory(parts);
  const listeners: Listeners = kind => webhooks.filter(({kinds}) => kinds.has(kind)).map(({name}) => name);
  const wanted = new Set(webhooks.flatMap(({kinds}) => [...kinds]));
  const sending = createSending({...parts, memory, listeners});
  const silentSince = new Map<string, number>();
  const aside = createAside(log, 'nobody is told what happens to the fleet');

  /** Others that claimed events so long ago that they would have told them. */
  const silent = ({pending}: Told): readonly string[] => {
    const others = new Set(pending.flatMap(({by}) => (by === null || by === instance ? [] : [by])));
    for (const other of silentSince.keys()) if (!others.has(other)) silentSince.delete(other);
    const now = clock.elapsed();
    for (const other of others) if (!silentSince.has(other)) silentSince.set(other, now);
    return [...silentSince].filter(([, since]) => now - since >= TAKE_OVER_MS).map(([other]) => other);
  };

  const noteNews = async (view: FleetView, signal: AbortSignal): Promise<void> => {
    let dropped: readonly FleetEvent[] = [];
    const told = await memory.change(before => {
      const noted = noteTold(before, view, wanted);
      dropped = noted.dropped;
      return forgetDone(claim(noted.told, instance, silent(noted.told)), listeners);
    }, signal);
    sending.drop(dropped);
    sending.begin(told.pending.filter(({by}) => by === instance));
  };

  return {
    note: (view, signal) => aside(() => noteNews(view, signal), signal),
    end: sending.end,
  };
};
