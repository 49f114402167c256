/** What people are told of a fleet. */
import * as v from 'valibot';
import {countSchema as count, momentSchema, reasonSchema} from '../../document.ts';
import type {Reason} from '../../reason.ts';

export const EVENT_KINDS = [
  'rollout-started',
  'wave-passed',
  'host-rolled-back',
  'host-unwell',
  'rollout-halted',
  'rollout-reverted',
  'fleet-steady',
  'permit-stuck',
  'host-lost',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** How a rollout came to rest: on every host, on the share that was asked for, or taken back. */
export type Outcome = 'proven' | 'partial' | 'reverted';

/** The rollout that an event belongs to. */
export interface ToldRollout {
  readonly number: number;
  readonly release: string;
  readonly way: 'forward' | 'back';
  readonly by: string | null;
  readonly message: string | null;
}

/** One event, told once however many hosts it is about. Moments are ms since the epoch. */
export interface FleetEvent {
  /** the same whoever tells it and however often: who listens drops what it had already */
  readonly id: string;
  readonly kind: EventKind;
  /** when it was noticed */
  readonly at: number;
  /** null while the fleet has had none */
  readonly rollout: ToldRollout | null;
  /** for `wave-passed`; its name is null when the policy does not have it any more */
  readonly wave: {readonly number: number; readonly of: number; readonly name: string | null} | null;
  /** for `fleet-steady` */
  readonly outcome: Outcome | null;
  /** some of the hosts that it is about */
  readonly hosts: readonly string[];
  /** how many hosts it is about */
  readonly count: number;
  /** of several hosts, why the first */
  readonly cause: Reason | null;
}

/** What there is to tell, before it is an event of a moment. */
export type News = Pick<FleetEvent, 'id' | 'kind'> &
  Partial<Pick<FleetEvent, 'wave' | 'outcome' | 'hosts' | 'count' | 'cause'>>;

const text = v.string();

/** An event as it stands in the store. */
export const eventSchema = v.object({
  id: text,
  kind: v.picklist(EVENT_KINDS),
  at: momentSchema,
  rollout: v.nullable(
    v.object({
      number: count,
      release: text,
      way: v.picklist(['forward', 'back']),
      by: v.nullable(text),
      message: v.nullable(text),
    }),
  ),
  wave: v.nullable(v.object({number: count, of: count, name: v.nullable(text)})),
  outcome: v.nullable(v.picklist(['proven', 'partial', 'reverted'])),
  hosts: v.array(text),
  count,
  cause: v.nullable(reasonSchema),
});
