/** What people were told of a fleet already, and what they still have to be told: the document `told`. */
import * as v from 'valibot';
import {countSchema as count, type DocumentReading, momentSchema, readDocument} from '../../document.ts';
import {eventSchema, type FleetEvent} from './event.ts';

/** How far people know of a rollout. `number` and `since` are those of the ledger and tell one rollout from every other. */
export interface Progress {
  readonly number: number;
  readonly since: number;
  readonly release: string;
  readonly started: boolean;
  /** so many waves are told as passed */
  readonly waves: number;
  /** so many of the ledger's failures are told */
  readonly failures: number;
  readonly halted: boolean;
  readonly reverted: boolean;
  readonly steady: boolean;
}

/** An event on its way to those who listen. */
export interface Pending {
  readonly event: FleetEvent;
  /** the instance that tells it; null: nobody does yet */
  readonly by: string | null;
  /** names of the webhooks that need nothing more */
  readonly done: readonly string[];
}

/** What is told again only after a while, when many hosts are concerned one after the other. */
export type Burst = 'failures' | 'stuck' | 'lost';

/** The memory of all coordinators: what is in it was noticed once and for all. Bounded, however large the fleet. */
export interface Told {
  readonly format: 1;
  readonly rollout: Progress | null;
  /** fences of permits that are told as stuck */
  readonly stuck: readonly number[];
  /** hosts that are told as lost */
  readonly lost: readonly string[];
  /** when something of the kind was told last, ms since the epoch */
  readonly last: Readonly<Partial<Record<Burst, number>>>;
  /** the oldest first */
  readonly pending: readonly Pending[];
}

/** Nobody was told anything. */
export const NOTHING_TOLD: Told = {format: 1, rollout: null, stuck: [], lost: [], last: {}, pending: []};

const text = v.string();
const schema = v.object({
  format: v.literal(1),
  rollout: v.nullable(
    v.object({
      number: count,
      since: momentSchema,
      release: text,
      started: v.boolean(),
      waves: count,
      failures: count,
      halted: v.boolean(),
      reverted: v.boolean(),
      steady: v.boolean(),
    }),
  ),
  stuck: v.array(count),
  lost: v.array(text),
  last: v.object({
    failures: v.exactOptional(momentSchema),
    stuck: v.exactOptional(momentSchema),
    lost: v.exactOptional(momentSchema),
  }),
  pending: v.array(v.object({event: eventSchema, by: v.nullable(text), done: v.array(text)})),
});

/** Reads the `told` document; an absent one says that nobody was told anything. */
export const readTold = (value: string | null): DocumentReading<Told> =>
  value === null ? {ok: true, value: NOTHING_TOLD} : readDocument('told', value, schema);
